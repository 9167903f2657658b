package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
)

// ByteConn carries bytes without frames, for another protocol that a server speaks beside WebSocket. It costs
// what a Conn does: an idle one holds no buffer, and sending never blocks. For that, a connection with TLS comes from
// a Listener, as that of a Conn.
//
// One goroutine reads, in Serve; all other methods may be called from any goroutine.
type ByteConn struct {
	nc        net.Conn
	limits    Limits
	transport transport
	out       outbox.Outbox
	in        inbound // Serve's

	over      atomic.Bool    // by End or CloseNow: what comes is thrown away
	finishing sync.WaitGroup // the goroutine that sees the last bytes off

	mu     sync.Mutex  // guards what follows
	ending bool        // End has been called, or Serve has ended
	timer  *time.Timer // drops the connection when its end takes too long; nil until End
	cause  error       // why it was dropped; nil if it was not
}

// NewByteConn takes nc over, on which a handshake of TLS is complete. Of the limits, SendQueueBytes, WriteTimeout and
// CloseTimeout count.
func NewByteConn(nc net.Conn, l Limits) *ByteConn {
	c := &ByteConn{nc: nc, limits: l.withDefaults()}
	c.transport = newTransport(nc, c.limits.WriteTimeout)
	c.out.Init(c.transport, c.limits.SendQueueBytes, c.drop)
	return c
}

// RemoteAddr returns the address of the other end.
func (c *ByteConn) RemoteAddr() net.Addr { return c.nc.RemoteAddr() }

// Serve calls handle with the bytes that arrive, until the connection is over, and returns why: io.EOF if the peer has
// closed it. The bytes are valid until handle returns, and none of them comes again. handle runs on Serve's
// goroutine and should not block; what is sent on this connection meanwhile leaves in one write. When Serve returns
// the connection is closed and nothing of it is left running. It is called once.
func (c *ByteConn) Serve(handle func(p []byte)) error {
	err := c.read(handle)
	c.mu.Lock()
	c.ending = true
	if c.cause != nil {
		err = c.cause
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	c.mu.Unlock()
	c.out.Abort(err)
	c.nc.Close()
	c.finishing.Wait()
	c.out.Wait()
	c.in.clear()
	return err
}

// read reads until the connection is over.
func (c *ByteConn) read(handle func(p []byte)) error {
	for skipped := 0; skipped < maxDrain; {
		c.in.rest()
		if err := c.transport.fill(&c.in); err != nil {
			return err
		}
		p := c.in.buf[c.in.r:c.in.w]
		if c.over.Load() {
			skipped += len(p)
		} else {
			c.out.Hold()
			handle(p)
			c.out.Release()
		}
		c.in.r = c.in.w
		if len(p) > fairBytes {
			runtime.Gosched() // none starves behind one that always has something to say
		}
	}
	return errTooMuchUnread
}

// fairBytes are more than a small message: who sends so many at once may send on and on.
const fairBytes = 512

var errTooMuchUnread = errors.New("the peer went on sending when the connection was over")

// Send offers bytes to the connection and never blocks. They are shared, not copied, and must never change.
func (c *ByteConn) Send(p []byte) Result { return Result(c.out.Send(p)) }

// SendCopy is Send for bytes that the caller goes on using: those of all parts are sent together, or none.
func (c *ByteConn) SendCopy(parts ...[]byte) Result {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	b := outbox.NewBuffer(n)
	for _, p := range parts {
		b.B = append(b.B, p...)
	}
	return Result(c.out.SendBuffer(b))
}

// Flush waits until everything that was sent has left for the transport. It returns an error when ctx ends or the
// connection is ending.
func (c *ByteConn) Flush(ctx context.Context) error { return c.out.Drained(ctx) }

// End sends the last bytes, with what waits before them or, with discard, instead of it, and closes the connection
// once they have left. What the peer still sends is thrown away, for Limits.CloseTimeout at most, so that no reset
// overtakes them. It does not wait: Serve sees the rest through. Further calls do nothing.
func (c *ByteConn) End(last []byte, discard bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending {
		return
	}
	c.ending = true
	c.over.Store(true)
	c.timer = time.AfterFunc(c.limits.CloseTimeout, func() { c.drop(errCloseTimeout) })
	b := outbox.NewBuffer(len(last))
	b.B = append(b.B, last...)
	c.finishing.Go(func() { // a full socket would block the caller, who may hold locks
		c.out.Finish(b, discard)
		if c.out.Flush() != nil {
			return // dropped, which ends Serve
		}
		half, ok := c.nc.(interface{ CloseWrite() error })
		if !ok || half.CloseWrite() != nil {
			c.drop(io.EOF)
		}
	})
}

// CloseNow drops the connection at once.
func (c *ByteConn) CloseNow() {
	c.over.Store(true)
	c.drop(net.ErrClosed)
}

// drop closes the transport, which ends Serve.
func (c *ByteConn) drop(err error) {
	c.mu.Lock()
	if c.cause == nil {
		c.cause = err
	}
	c.mu.Unlock()
	c.out.Abort(err)
	c.nc.Close()
}
