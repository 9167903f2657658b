package client

import (
	"context"
	"sync"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// link is one connection. While the client moves to another node it has two.
type link struct {
	c         *Client
	conn      carrier
	encoding  protocol.Encoding
	endpoint  string
	transport Transport

	mu      sync.Mutex      // guards what follows; taken behind Client.mu
	out     [][]byte        // encoded commands that wait for the writer; bounded by what makes them
	limits  protocol.Limits // assumed until the server has told them
	leaving bool            // close when out is empty
	wake    chan struct{}

	// Guarded by Client.mu.
	greeted bool            // connect has been answered with ok
	refused *protocol.Error // or with this; nothing else that comes counts
	answer  chan struct{}   // closed when one of the two is set
	fault   *protocol.Error // the server could not read a whole message, so some commands have no answer

	ended chan struct{} // closed when end is set
	end   error
}

func (c *Client) newLink(conn carrier, encoding protocol.Encoding, endpoint string, t Transport) *link {
	return &link{
		c: c, conn: conn, encoding: encoding, endpoint: endpoint, transport: t,
		limits: c.limits,
		wake:   make(chan struct{}, 1),
		answer: make(chan struct{}),
		ended:  make(chan struct{}),
	}
}

// send puts a command behind those before it. It does not block.
func (l *link) send(id uint64, verb protocol.Verb) {
	l.sendEncoded(l.encoding.AppendCommand(nil, protocol.Command{ID: id, Verb: verb}))
}

func (l *link) sendEncoded(command []byte) {
	l.mu.Lock()
	l.out = append(l.out, command)
	l.mu.Unlock()
	signal(l.wake)
}

// learn notes the server's limits.
func (l *link) learn(limits protocol.Limits) {
	l.mu.Lock()
	l.limits = limits
	l.mu.Unlock()
}

// leave closes the connection in order once everything has been written.
func (l *link) leave() {
	l.mu.Lock()
	l.leaving = true
	l.mu.Unlock()
	signal(l.wake)
}

// write writes commands, as many in one message as the server takes, until the connection ends.
func (l *link) write() {
	for {
		message, leaving := l.next()
		switch {
		case message != nil:
			typ := websocket.Text
			if l.encoding.Binary() {
				typ = websocket.Binary
			}
			if err := l.conn.Write(context.Background(), typ, message); err != nil {
				// The reader sees the end too, unless it is our own fault: text that is not UTF-8, which is
				// refused where it is given.
				l.conn.CloseNow()
				return
			}
		case leaving:
			// How the server takes it changes nothing; Close is bounded.
			if err := l.conn.Close(context.Background(), websocket.CloseNormal, ""); err != nil {
				l.conn.CloseNow()
			}
			return
		default:
			select {
			case <-l.wake:
			case <-l.ended:
				return
			}
		}
	}
}

// joinBytes is where a message of several commands ends, so that none is long without need.
const joinBytes = 16 << 10

// next takes what fits into one message; nil if nothing waits.
func (l *link) next() (message []byte, leaving bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.out) == 0 {
		return nil, l.leaving
	}
	n, size := 1, len(l.out[0])
	for n < len(l.out) && n < l.limits.Commands && size+len(l.out[n]) <= joinBytes {
		size += len(l.out[n])
		n++
	}
	message = l.encoding.Join(nil, l.out[:n]...)
	clear(l.out[:n])
	l.out = l.out[n:]
	if len(l.out) == 0 {
		l.out = nil
	}
	return message, false
}

// read handles what comes until the connection is over.
func (l *link) read() {
	var wrong error
	end := l.conn.Serve(func(typ websocket.MessageType, payload []byte) {
		if wrong != nil {
			return
		}
		var items []protocol.FromServer
		if items, wrong = l.encoding.DecodeServer(payload); wrong != nil {
			l.conn.CloseNow()
			return
		}
		l.c.handle(l, items)
	})
	if wrong != nil {
		end = wrong
	}
	l.c.mu.Lock()
	if l.fault != nil {
		end = l.fault
	}
	l.c.mu.Unlock()
	l.end = end
	close(l.ended)
}

// watch gives the connection up when it is silent for longer than the server would be. Lock held.
func (l *link) watch(ok *protocol.ConnectOK) {
	l.conn.Watch(ok.Ping, ok.Pong, func() {
		l.c.mu.Lock()
		defer l.c.mu.Unlock()
		l.send(l.c.number(), &protocol.Ping{}) // whose answer nobody waits for
	})
}

// over tells whether the connection has ended.
func (l *link) over() bool {
	select {
	case <-l.ended:
		return true
	default:
		return false
	}
}

// answered tells whether connect has been answered.
func (l *link) answered() bool {
	select {
	case <-l.answer:
		return true
	default:
		return false
	}
}
