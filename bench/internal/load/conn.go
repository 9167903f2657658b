//go:build linux

package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
)

// conn is one connection of a load.
type conn struct {
	socket *socket
	tls    *tls.Conn // nil for a plain connection
	client dialect.Client

	out     run
	at      int    // where in the current frame of out the next write begins
	owed    int    // bytes of out to be written
	answer  []byte // to be written too, between two frames of out
	waiting bool   // for room to write them

	sent   []time.Duration // when each message in flight was sent; a ring, as answers come in order
	oldest int             // index in sent

	received int // messages
}

// dial connects and lets the client join; the connection blocks afterwards.
func dial(addr netip.AddrPort, secure bool, client dialect.Client) (*conn, error) {
	s, err := connect(addr)
	if err != nil {
		return nil, err
	}
	c := &conn{socket: s, client: client}
	if secure {
		c.tls = tls.Client(s, &tls.Config{InsecureSkipVerify: true}) // the server is our own child, its certificate made up
	}
	if c.received, err = client.Join(stream{c.reader(), c.writer()}, addr.String()); err != nil {
		s.Close()
		return nil, fmt.Errorf("handshake with %s: %w", addr, err)
	}
	return c, nil
}

// stream is a connection as a client joins on it.
type stream struct {
	io.Reader
	io.Writer
}

func (c *conn) reader() io.Reader {
	if c.tls != nil {
		return c.tls
	}
	return c.socket
}

func (c *conn) writer() io.Writer {
	if c.tls != nil {
		return c.tls
	}
	return c.socket
}

// prepare gives the connection what it sends, at most depth messages in one write.
func (c *conn) prepare(out run, depth int) {
	c.out = out
	c.sent = make([]time.Duration, depth)
}

// receive reads what has arrived, using buf, and returns how many messages that completes; it keeps
// what is to be answered for flush. awaited is
// how many are in flight: when so many have come there is no need to ask for more.
func (c *conn) receive(buf []byte, awaited int) (frames int, err error) {
	for {
		n, err := c.reader().Read(buf)
		switch {
		case err == errWouldBlock:
			return frames, nil
		case err == io.EOF:
			return frames, errors.New("the server closed a connection")
		case err != nil:
			return frames, err
		}
		more, answer, err := c.client.Feed(buf[:n])
		frames += more
		c.answer = append(c.answer, answer...)
		if err != nil {
			return frames, err
		}
		// On a plain socket epoll tells of what is left. TLS may have it already, in its own buffer.
		if c.tls == nil || frames >= awaited {
			return frames, nil
		}
	}
}

// send sends the next frames, or as much of them as there is room for: then waiting is set, and
// flush is to be called when there is room again.
func (c *conn) send(frames int) error {
	c.owed += frames * c.out.frame
	return c.flush()
}

func (c *conn) flush() error {
	c.waiting = true
	if c.at == 0 {
		if done, err := c.flushAnswer(); !done || err != nil {
			return err
		}
	}
	for c.owed > 0 {
		piece := c.out.bytes[c.at:min(c.at+c.owed, len(c.out.bytes))]
		n, err := c.write(piece)
		if err != nil {
			return err
		}
		c.owed -= n
		c.at = (c.at + n) % c.out.frame
		if n < len(piece) {
			return nil
		}
	}
	done, err := c.flushAnswer()
	c.waiting = !done
	return err
}

// flushAnswer writes answers between two frames, or as much of them as there is room for.
func (c *conn) flushAnswer() (done bool, err error) {
	if len(c.answer) == 0 {
		return true, nil
	}
	n, err := c.write(c.answer)
	c.answer = c.answer[n:]
	return len(c.answer) == 0, err
}

func (c *conn) write(piece []byte) (int, error) {
	if c.tls != nil {
		return c.tls.Write(piece) // a record can't be written by halves
	}
	return c.socket.tryWrite(piece)
}
