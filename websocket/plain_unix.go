//go:build unix

package websocket

import "time"

// plain is a transport straight through a socket's descriptor.
type plain struct {
	*socket
	timeout time.Duration

	in      *inbound // where to read into; the reader's, like the two below
	readErr error
	onRead  func(fd uintptr) bool
}

func newPlain(s *socket, timeout time.Duration) *plain {
	t := &plain{socket: s, timeout: timeout}
	t.onRead = t.readReady
	return t
}

// fill costs two system calls where it has to wait: one that finds nothing, one that reads.
func (t *plain) fill(in *inbound) error {
	t.in = in
	if err := t.rc.Read(t.onRead); err != nil {
		return err
	}
	return t.readErr
}

// readReady runs when there may be something to read. Returning false parks the goroutine.
func (t *plain) readReady(fd uintptr) bool {
	n, again, err := readFD(fd, t.in.room())
	if again {
		t.in.stash()
		return false
	}
	t.in.w += n
	t.readErr = err
	return true
}

func (t *plain) skip(in *inbound) (int, error) { return skip(t, in) }

// TryWrite makes one system call.
func (t *plain) TryWrite(p []byte) (int, bool, error) {
	n, err := t.tryWrite(p)
	return n, n < len(p), err
}

// Write writes all of p, blocking. It fails when the peer takes nothing for the timeout.
func (t *plain) Write(p []byte) error {
	for len(p) > 0 {
		n, err := writeWithin(t.Conn, p, t.timeout)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	t.SetWriteDeadline(time.Time{}) // or it would fail a later TryWrite; a closed transport fails that anyway
	return nil
}
