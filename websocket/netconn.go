package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// NetConn makes a net.Conn of c, for protocols that want a stream of bytes, such as SSH, a database's
// or another multiplexer's. Each Write is one message of type typ, nearly always Binary; Read returns
// the bytes of messages one after another, whatever their boundaries. A message of the other type
// ends the connection with CloseUnsupportedData.
//
// Read returns io.EOF when the peer has closed the connection in order (CloseNormal, CloseGoingAway or
// no code), and a *CloseError when it ended otherwise. A deadline that passes fails reads and writes
// with os.ErrDeadlineExceeded and leaves the connection usable: a later deadline lets them go on. Close
// is c.Close with CloseNormal. As with any net.Conn, all methods may be called from any goroutine.
//
// c itself must not be read any more; Ping and Close, and a Keepalive, work as ever.
func NetConn(c *Conn, typ MessageType) net.Conn {
	return &netConn{conn: c, typ: typ}
}

type netConn struct {
	conn *Conn
	typ  MessageType

	reads, writes deadline

	reading sync.Mutex // guards r
	r       io.Reader  // of the current message; nil between messages

	closed atomic.Bool // by Close
}

// Read waits for bytes unless p is empty.
func (n *netConn) Read(p []byte) (int, error) {
	n.reading.Lock()
	defer n.reading.Unlock()
	if len(p) == 0 {
		return 0, nil
	}
	ctx := n.reads.context()
	for {
		if n.closed.Load() {
			return 0, net.ErrClosed
		}
		if n.r == nil {
			typ, r, err := n.conn.NextReader(ctx)
			if err != nil {
				return 0, n.readError(err)
			}
			if typ != n.typ {
				n.conn.Expel(CloseUnsupportedData, "only "+n.typ.String()+" messages are expected here")
				continue // which tells how the connection ends
			}
			n.r = r
		}
		m, err := n.readMessage(ctx, p)
		if errors.Is(err, io.EOF) {
			n.r, err = nil, nil
		}
		if m > 0 || err != nil {
			return m, n.readError(err)
		}
	}
}

// readMessage reads from n.r, until ctx ends.
func (n *netConn) readMessage(ctx context.Context, p []byte) (int, error) {
	if r, ok := n.r.(*messageReader); ok {
		return r.read(ctx, p)
	}
	return n.r.Read(p)
}

// readError translates the errors of reading into those of a net.Conn.
func (n *netConn) readError(err error) error {
	end, ended := errors.AsType[*CloseError](err)
	switch {
	case !ended:
		return n.error(err)
	case end.By == Remote && end.Clean && (end.Code == CloseNormal || end.Code == CloseGoingAway || end.Code == CloseNoStatus):
		return io.EOF
	}
	return n.error(err)
}

func (n *netConn) error(err error) error {
	switch {
	case err == nil:
		return nil
	case n.closed.Load():
		return net.ErrClosed
	case errors.Is(err, context.Canceled):
		return os.ErrDeadlineExceeded
	}
	return err
}

// Write sends p as one message, unless it is empty.
func (n *netConn) Write(p []byte) (int, error) {
	if n.closed.Load() {
		return 0, net.ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := n.conn.Write(n.writes.context(), n.typ, p); err != nil {
		return 0, n.error(err)
	}
	return len(p), nil
}

func (n *netConn) Close() error {
	if n.closed.Swap(true) {
		return net.ErrClosed
	}
	return n.conn.Close(context.Background(), CloseNormal, "")
}

func (n *netConn) LocalAddr() net.Addr  { return n.conn.LocalAddr() }
func (n *netConn) RemoteAddr() net.Addr { return n.conn.RemoteAddr() }

func (n *netConn) SetDeadline(t time.Time) error {
	n.reads.set(t)
	n.writes.set(t)
	return nil
}

func (n *netConn) SetReadDeadline(t time.Time) error {
	n.reads.set(t)
	return nil
}

func (n *netConn) SetWriteDeadline(t time.Time) error {
	n.writes.set(t)
	return nil
}

// deadline is one that can be moved while calls wait for it. The zero value is none.
type deadline struct {
	mu     sync.Mutex // guards what follows
	ctx    context.Context
	cancel context.CancelFunc
	timer  *time.Timer // cancels ctx; nil if nothing will
}

// context returns what ends when the deadline passes, wherever it is moved until then.
func (d *deadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.contextLocked()
}

func (d *deadline) contextLocked() context.Context {
	if d.ctx == nil {
		d.ctx, d.cancel = context.WithCancel(context.Background())
	}
	return d.ctx
}

// set moves the deadline; the zero time means none.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil // if it has fired just now, it sees that it no longer counts
	}
	if d.contextLocked().Err() != nil {
		d.ctx = nil // the deadline had passed; calls from now on have a new one
		d.contextLocked()
	}
	if t.IsZero() {
		return
	}
	left := time.Until(t)
	if left <= 0 {
		d.cancel()
		return
	}
	var timer *time.Timer
	timer = time.AfterFunc(left, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.timer == timer {
			d.cancel()
		}
	})
	d.timer = timer
}
