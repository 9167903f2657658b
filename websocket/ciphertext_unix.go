//go:build unix

package websocket

import (
	"errors"
	"os"
	"sync"
	"time"
)

// ciphertext is what lies between TLS and the socket below it, in both directions.
type ciphertext struct {
	socket *socket

	// The reader's.
	buf     *readBuffer // borrowed while it holds bytes for TLS
	unread  []byte      // of buf
	readErr error
	onRead  func(fd uintptr) bool

	onFlush func(fd uintptr) bool // the flusher's, like flushErr
	flushed int                   // bytes taken since the deadline was set; guarded by mu

	mu       sync.Mutex // guards what follows: TLS itself writes now and then, on the reader's goroutine
	unsent   []byte     // encrypted, in order, not yet taken by the socket
	writeErr error
}

func newCiphertext(s *socket) *ciphertext {
	c := &ciphertext{socket: s}
	c.onRead, c.onFlush = c.readReady, c.flushReady
	return c
}

// wouldBlock is the error for "not now". crypto/tls forgets errors that call themselves temporary.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "websocket: the socket has nothing to read yet" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var errWouldBlock error = wouldBlock{}

// await waits until the socket has bytes, and takes them. It holds no buffer meanwhile.
func (c *ciphertext) await() error {
	if err := c.socket.rc.Read(c.onRead); err != nil {
		return err
	}
	return c.readErr
}

// readReady runs when there may be something to read. Returning false parks the goroutine.
func (c *ciphertext) readReady(fd uintptr) bool {
	buf := readBuffers.Get().(*readBuffer)
	n, again, err := readFD(fd, buf[:])
	if again || err != nil {
		readBuffers.Put(buf)
		c.readErr = err
		return !again
	}
	c.buf, c.unread, c.readErr = buf, buf[:n], nil
	return true
}

// read gives TLS the bytes at hand.
func (c *ciphertext) read(p []byte) (int, error) {
	if len(c.unread) == 0 {
		return 0, errWouldBlock
	}
	n := copy(p, c.unread)
	if c.unread = c.unread[n:]; len(c.unread) == 0 {
		readBuffers.Put(c.buf)
		c.buf, c.unread = nil, nil
	}
	return n, nil
}

// write sends what the socket takes and keeps the rest.
func (c *ciphertext) write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writeErr != nil {
		return 0, c.writeErr
	}
	taken := 0
	if len(c.unsent) == 0 {
		if taken, c.writeErr = c.socket.tryWrite(p); c.writeErr != nil {
			return 0, c.writeErr
		}
	}
	c.unsent = append(c.unsent, p[taken:]...)
	return len(p), nil
}

// flush makes one attempt to send what is unsent, if anything is.
func (c *ciphertext) flush() (blocked bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.unsent) > 0 && c.writeErr == nil {
		var n int
		n, c.writeErr = c.socket.tryWrite(c.unsent)
		c.took(n)
	}
	return len(c.unsent) > 0, c.writeErr
}

// took removes n bytes that the socket has taken. Lock held.
func (c *ciphertext) took(n int) {
	c.flushed += n
	if c.unsent = c.unsent[n:]; len(c.unsent) == 0 {
		c.unsent = nil
	}
}

// flushAll sends all that is unsent, blocking. It fails when the socket takes nothing for the
// timeout.
func (c *ciphertext) flushAll(timeout time.Duration) error {
	if blocked, err := c.flush(); !blocked || err != nil {
		return err
	}
	for {
		c.mu.Lock()
		c.flushed = 0
		c.mu.Unlock()
		if err := c.socket.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return err
		}
		err := c.socket.rc.Write(c.onFlush)
		c.mu.Lock()
		progress, failed := c.flushed > 0, c.writeErr
		c.mu.Unlock()
		switch {
		case failed != nil:
			return failed
		case err == nil:
			c.socket.SetWriteDeadline(time.Time{}) // or it would fail a later attempt; a closed socket fails that anyway
			return nil
		case !progress || !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
}

// flushReady runs when the socket may take more. Returning false parks the goroutine.
func (c *ciphertext) flushReady(fd uintptr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.unsent) > 0 {
		n, err := writeFD(fd, c.unsent)
		if err != nil {
			c.writeErr = err
			return true
		}
		if n == 0 {
			return false
		}
		c.took(n)
	}
	return true
}
