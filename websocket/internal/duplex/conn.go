package duplex

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// Stream is one stream of an HTTP connection. Read, Write and the others may be called concurrently;
// each of Read and Write is called by one goroutine at a time.
type Stream interface {
	io.Reader
	// Write sends p, all of it or with an error. Nothing of it stays in a buffer.
	io.Writer
	// CloseWrite tells the peer that nothing more is written. It fails if the stream can't be closed by
	// halves.
	CloseWrite() error
	// Close ends the stream and makes Read and Write return. If reset is set, it is torn down, so that
	// the peer does not take what it has received for all there is.
	Close(reset bool) error
}

// Conn is a net.Conn on a Stream. A write deadline that passes resets the stream. A read deadline
// does not if it was set, or the reader has called SetInterruptible, before the Read began.
type Conn struct {
	stream        Stream
	local, remote net.Addr

	readDeadline, writeDeadline deadline

	closing  sync.Once
	closeErr error // set by closing

	mu            sync.Mutex // guards what follows
	interruptible bool       // a Read may be interrupted
	plain         bool       // a Read is waiting that can't be interrupted
	ahead         *reading   // what an interrupted Read has left running
	ended         bool       // nothing more is to be written, or nothing more comes
	closed        bool
}

// New returns a Conn on s between two addresses.
func New(s Stream, local, remote net.Addr) *Conn {
	c := &Conn{stream: s, local: local, remote: remote}
	c.readDeadline.expire = func() {
		c.mu.Lock()
		plain := c.plain
		c.mu.Unlock()
		if plain && c.readDeadline.hasPassed() {
			c.stream.Close(true)
		}
	}
	c.writeDeadline.expire = func() {
		if c.writeDeadline.hasPassed() {
			c.stream.Close(true)
		}
	}
	return c
}

// SetInterruptible announces whether a read deadline may be set while a Read waits. Such a Read costs
// a goroutine.
func (c *Conn) SetInterruptible(b bool) {
	c.mu.Lock()
	c.interruptible = b
	c.mu.Unlock()
}

// Read reads some bytes.
func (c *Conn) Read(p []byte) (int, error) {
	c.mu.Lock()
	switch {
	case c.closed:
		c.mu.Unlock()
		return 0, net.ErrClosed
	case c.ahead == nil && !c.interruptible && c.readDeadline.isUnset():
		c.plain = true
		c.mu.Unlock()
		n, err := c.stream.Read(p)
		c.mu.Lock()
		c.plain = false
		c.mu.Unlock()
		return n, c.readError(err)
	}
	if c.ahead == nil {
		c.ahead = startReading(c.stream, len(p))
	}
	r := c.ahead
	c.mu.Unlock()

	expired := c.readDeadline.wait()
	select {
	case <-expired: // first, as with a socket: nothing is read after the deadline
		return 0, os.ErrDeadlineExceeded
	default:
	}
	select {
	case <-r.done:
	case <-expired:
		return 0, os.ErrDeadlineExceeded
	}
	n := copy(p, r.data)
	if r.data = r.data[n:]; len(r.data) > 0 {
		return n, nil
	}
	c.mu.Lock()
	c.ahead = nil
	c.mu.Unlock()
	return n, c.readError(r.err)
}

// readError notes the end of what comes, and names the deadline if that was what failed.
func (c *Conn) readError(err error) error {
	if err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == io.EOF {
		c.ended = true
		return err
	}
	if c.closed {
		return net.ErrClosed
	}
	if c.readDeadline.hasPassed() {
		return os.ErrDeadlineExceeded
	}
	return err
}

// Write writes all of p.
func (c *Conn) Write(p []byte) (int, error) {
	if c.writeDeadline.hasPassed() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.stream.Write(p)
	if err != nil && c.writeDeadline.hasPassed() {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

// CloseWrite tells the peer that nothing more is written. If the stream can't be closed by halves,
// that fails, and Close will end the stream in good order.
func (c *Conn) CloseWrite() error {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	return c.stream.CloseWrite()
}

// Close ends the stream: in good order if one side has said that it is done, and by a reset
// otherwise. When it has returned, to whoever called it, the stream is not used any more by anybody
// but a Write that is under way, which fails.
func (c *Conn) Close() error {
	c.closing.Do(func() {
		c.mu.Lock()
		c.closed = true
		reset, ahead := !c.ended, c.ahead
		c.mu.Unlock()

		c.readDeadline.stop()
		c.writeDeadline.stop()
		c.closeErr = c.stream.Close(reset)
		if ahead != nil {
			<-ahead.done
		}
	})
	return c.closeErr
}

// LocalAddr returns the address of this end of the connection below.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr returns the address of the other end of the connection below.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	c.readDeadline.set(t)
	c.writeDeadline.set(t)
	return nil
}

// SetReadDeadline sets the time after which Read fails with os.ErrDeadlineExceeded.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.readDeadline.set(t)
	return nil
}

// SetWriteDeadline sets the time after which Write fails with os.ErrDeadlineExceeded, for good.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.writeDeadline.set(t)
	return nil
}

// reading is a read that goes on when nobody waits for it any more.
type reading struct {
	done chan struct{} // closed when what follows is set
	data []byte
	err  error
}

// maxAhead bounds what is read in one interruptible Read.
const maxAhead = 4 << 10

func startReading(s io.Reader, n int) *reading {
	r := &reading{done: make(chan struct{})}
	go func() {
		defer close(r.done)
		buf := make([]byte, min(n, maxAhead))
		n, err := s.Read(buf)
		r.data, r.err = buf[:n], err
	}()
	return r
}
