package websocket

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// Conn is a WebSocket connection, made by Accept or Dial.
//
// Writing (Write, Send, Ping, Close) is safe from any number of goroutines. Reading is done by one
// goroutine at a time, in Read or in Serve; somebody must read for pings to be answered and for
// Close to end quickly. While nothing arrives, the connection holds no buffer.
type Conn struct {
	nc          net.Conn
	role        wire.Role
	limits      Limits
	subprotocol string
	compression *compression // nil unless agreed on

	transport transport
	out       outbox.Outbox

	reading chan struct{} // a token: in it while a goroutine owns in
	in      inbound
	late    late        // owned like in
	dropped atomic.Bool // the transport is closed; whoever gives the token back finishes
	ended   atomic.Bool // the connection is over, and end is set
	end     *CloseError // immutable once ended

	keepalive atomic.Pointer[Keepalive] // what watches over the connection; nil for nothing
	sign      atomic.Uint64             // the last sign of life, as hears writes it
	watched   watched                   // guarded by the Keepalive

	mu      sync.Mutex    // guards what follows
	verdict *CloseError   // how the connection is ending; nil while it is open
	timer   *time.Timer   // bounds the closing; nil while it is open
	pings   []*ping       // unanswered, in the order sent
	pingSeq uint64        // number of the last ping
	done    chan struct{} // closed when the connection is over; nil while nobody has asked for it
}

// newConn wraps nc after the handshake. early is what the peer sent right behind it.
func newConn(nc net.Conn, role wire.Role, l Limits, subprotocol string, early []byte) *Conn {
	c := &Conn{
		nc:          nc,
		role:        role,
		limits:      l.withDefaults(),
		subprotocol: subprotocol,
		reading:     make(chan struct{}, 1),
	}
	c.transport = newTransport(nc, c.limits.WriteTimeout)
	c.in.parser.Init(role, uint64(c.limits.MaxMessageBytes))
	c.in.parser.LimitFragments(uint64(c.limits.MaxFragments))
	c.in.preload(early)
	c.out.Init(c.transport, c.limits.SendQueueBytes, c.lost)
	return c
}

// Subprotocol returns the subprotocol that was agreed on, or "" (RFC 6455 section 1.9).
func (c *Conn) Subprotocol() string { return c.subprotocol }

// LocalAddr returns the address of this end of the transport.
func (c *Conn) LocalAddr() net.Addr { return c.nc.LocalAddr() }

// RemoteAddr returns the address of the other end of the transport.
func (c *Conn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// Done returns a channel that is closed when the connection is over and nothing of it is left
// running. Something must be reading for a connection to notice its end.
func (c *Conn) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.over() {
			close(c.done)
		}
	}
	return c.done
}

// End tells how the connection ended: code, reason, who began, whether both close frames were
// exchanged. It is nil until the connection is over, which Done tells, and the same from then on.
func (c *Conn) End() *CloseError {
	if c.over() {
		return c.end
	}
	return nil
}

// beginEnd records v as the way the connection ends, unless it is ending already, and bounds how
// long that may take. It reports whether v counts.
func (c *Conn) beginEnd(v *CloseError) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.verdict != nil {
		return false
	}
	c.verdict = v
	c.timer = time.AfterFunc(c.limits.CloseTimeout, func() { c.drop(errCloseTimeout) })
	return true
}

var errCloseTimeout = errors.New("the peer did not finish the closing handshake in time")

// lost ends the connection because the transport failed.
func (c *Conn) lost(err error) {
	c.beginEnd(&CloseError{Code: CloseAbnormal, By: Network})
	c.drop(err)
}

// drop closes the transport now. err becomes the cause if the closing was not clean. Whoever has the
// reading token finishes the connection; if nobody has, drop does it.
func (c *Conn) drop(err error) {
	c.mu.Lock()
	if !c.verdict.Clean && c.verdict.Err == nil {
		c.verdict.Err = err
	}
	c.mu.Unlock()
	c.out.Abort(err)
	c.nc.Close()
	c.dropped.Store(true) // before the token is looked at: letGo looks in the opposite order
	select {
	case c.reading <- struct{}{}:
		// On a goroutine of its own: finish waits for the drain goroutine, which may be the caller.
		go func() {
			c.finish(err)
			<-c.reading
		}()
	default:
	}
}

// letGo gives the reading token back, and the read buffer unless bytes are left in it.
func (c *Conn) letGo() {
	c.in.rest()
	<-c.reading
	if !c.dropped.Load() {
		return
	}
	select {
	case c.reading <- struct{}{}:
		c.finish(net.ErrClosed)
		<-c.reading
	default:
	}
}

// over tells whether the connection has ended for good.
func (c *Conn) over() bool { return c.ended.Load() }

// finish ends the connection for good: the transport is closed, nothing runs any more, and everyone
// who waits is told. The caller holds the reading token. It may be called more than once.
func (c *Conn) finish(err error) *CloseError {
	if c.over() {
		return c.end
	}
	c.beginEnd(&CloseError{Code: CloseAbnormal, By: Network})
	c.out.Abort(err)
	c.nc.Close()
	c.out.Wait()
	c.in.clear()

	c.mu.Lock()
	c.timer.Stop()
	end := *c.verdict
	switch {
	case end.Clean:
		end.Err = nil
	case end.Err == nil && err != errSeenOff:
		end.Err = err
	}
	c.pings = nil
	c.end = &end
	c.ended.Store(true)
	if c.done != nil {
		close(c.done)
	}
	c.mu.Unlock()
	if k := c.keepalive.Load(); k != nil {
		k.forget(c)
	}
	return c.end
}
