package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// fake is a server of the protocol with a model of a log: all channels have a history of one log, save those
// below live/. It holds no more than one process and one mutex can.
type fake struct {
	listener *pipes
	http     *http.Server
	epoch    string
	dedup    time.Duration
	expires  time.Duration // of tokens
	limits   protocol.Limits

	mu       sync.Mutex
	log      []protocol.Message // of all channels, by ascending offset
	ids      map[string]remembered
	sessions map[string]int // by id: how many connects have named it
	conns    map[*fakeConn]bool
	count    int // messages received and sent so far
	oldest   uint64

	// The functions are called with mu held. cut tells whether the connection is to break at the n-th message, received or sent; before it is
	// handled, or after.
	cut func(n int) (before, after bool)
	// refuse answers a command with an error instead of handling it.
	refuse func(protocol.Verb) *protocol.Error
	// away lets nobody in.
	away       bool
	awayHeader http.Header
	endpoints  []string // told with connect
	// noSockets refuses WebSockets, and holdsBack lets no event of a stream out, as proxies may.
	noSockets, holdsBack bool
	exchanges            []*fakeExchange // by their ids
	// saw is told every command.
	saw func(protocol.Verb)
}

type remembered struct {
	offset uint64
	at     time.Time
}

func newFake() *fake {
	f := &fake{
		listener: &pipes{conns: make(chan net.Conn), closed: make(chan struct{})},
		epoch:    "e1",
		dedup:    30 * time.Second,
		limits:   protocol.Limits{MessageBytes: 1 << 20, Commands: 256, Subscriptions: 100},
		ids:      map[string]remembered{},
		sessions: map[string]int{},
		conns:    map[*fakeConn]bool{},
		cut:      func(int) (bool, bool) { return false, false },
		refuse:   func(protocol.Verb) *protocol.Error { return nil },
		saw:      func(protocol.Verb) {},
	}
	f.http = &http.Server{Handler: http.HandlerFunc(f.accept)}
	go f.http.Serve(f.listener)
	return f
}

// close breaks every connection.
func (f *fake) close() {
	f.http.Close()
	f.dropAll()
}

func (f *fake) dropAll() {
	for _, k := range f.all() {
		k.conn.CloseNow()
	}
}

// all returns the connections.
func (f *fake) all() []*fakeConn {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Collect(maps.Keys(f.conns))
}

// with calls do while the fake does nothing.
func (f *fake) with(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
}

// breakAt breaks the connection at the n-th message from now, before it is handled or after.
func (f *fake) breakAt(n int, afterwards bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.count + n
	f.cut = func(n int) (before, after bool) { return n == at && !afterwards, n == at && afterwards }
}

// stayAway lets nobody in after the connection has broken as cut says.
func (f *fake) stayAway() {
	f.with(func() {
		cut := f.cut
		f.cut = func(n int) (before, after bool) {
			before, after = cut(n)
			f.away = f.away || before || after
			return before, after
		}
	})
}

// stored returns how many messages the log has.
func (f *fake) stored() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.log)
}

// letIn says whether clients may connect.
func (f *fake) letIn(in bool) { f.with(func() { f.away = !in }) }

// tell pushes something on every connection.
func (f *fake) tell(p protocol.Push) {
	for _, k := range f.all() {
		k.write(k.encoding.AppendPush(nil, p))
	}
}

// options are those of a client of the fake.
func (f *fake) options() *Options {
	return &Options{WebSocket: websocket.DialOptions{NetDial: f.listener.dial}, Transports: []Transport{TransportWebSocket}}
}

func (f *fake) dial(t testing.TB, o *Options) *Client {
	t.Helper()
	if o == nil {
		o = f.options()
	}
	c, err := Dial(t.Context(), "ws://fake/socket", o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fake) accept(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	away, noSockets, most := f.away, f.noSockets, f.limits.MessageBytes
	if away {
		maps.Copy(w.Header(), f.awayHeader)
	}
	f.mu.Unlock()
	if away {
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	}
	if !websocket.IsHandshake(r) {
		f.exchange(w, r)
		return
	}
	if noSockets {
		http.Error(w, "no upgrades", http.StatusBadRequest)
		return
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: protocol.Subprotocols(), Limits: websocket.Limits{SendQueueBytes: 4 << 10, MaxMessageBytes: int64(most)}})
	if err != nil {
		return
	}
	encoding, _ := protocol.EncodingOf(conn.Subprotocol())
	k := f.newConn(conn, encoding)
	go func() {
		var pusher sync.WaitGroup
		pusher.Go(k.push)
		conn.Serve(func(_ websocket.MessageType, payload []byte) { k.received(payload) })
		f.gone(k)
		pusher.Wait()
	}()
}

func (f *fake) newConn(wire fakeWire, encoding protocol.Encoding) *fakeConn {
	k := &fakeConn{f: f, conn: wire, encoding: encoding, subs: map[uint64]*fakeSub{}, wake: make(chan struct{}, 1), sending: make(turn, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.conns[k] = true
	return k
}

func (f *fake) gone(k *fakeConn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, k)
}

// store appends a message, once for each id, and returns its offset.
func (f *fake) store(channel string, p protocol.Payload, id, key string) (offset uint64, duplicate bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if was, ok := f.ids[channel+" "+id]; ok && id != "" && time.Since(was.at) < f.dedup {
		return was.offset, true
	}
	offset = uint64(len(f.log)+1) * 3 // not contiguous
	f.log = append(f.log, protocol.Message{Channel: channel, Epoch: f.epoch, Offset: offset, Payload: p, ID: id, Key: key})
	f.ids[channel+" "+id] = remembered{offset, time.Now()}
	for k := range f.conns {
		signal(k.wake)
	}
	return offset, false
}

// forget drops the messages up to an offset from the history.
func (f *fake) forget(offset uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.oldest = offset + 1
}

// after returns the first messages of a channel or pattern behind an offset. Lock held.
func (f *fake) after(name string, offset uint64, most int) (found []protocol.Message) {
	for _, m := range f.log {
		if m.Offset > offset && m.Offset >= f.oldest && matches(name, m.Channel) && len(found) < most {
			found = append(found, m)
		}
	}
	return found
}

func (f *fake) head() uint64 { return uint64(len(f.log)) * 3 }

func matches(name, channel string) bool {
	prefix, isPattern := strings.CutSuffix(name, "#")
	return name == channel || isPattern && strings.HasPrefix(channel, prefix)
}

func ephemeral(name string) bool { return strings.HasPrefix(name, "live/") }

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.conns <- theirs:
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, errors.New("nobody listens")
	}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func sessionID(n int) string { return fmt.Sprintf("s%d", n) }
