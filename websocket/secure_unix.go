//go:build unix

package websocket

import (
	"crypto/tls"
	"errors"
	"net"
	"time"
)

// newDirect returns a transport that uses nc's descriptor without blocking, or nil.
func newDirect(nc net.Conn, timeout time.Duration) transport {
	switch nc := nc.(type) {
	case *socket:
		return newPlain(nc, timeout)
	case *tls.Conn:
		if s, ok := nc.NetConn().(*socket); ok {
			return newSecure(nc, s, timeout)
		}
		return nil
	}
	if s := newSocket(nc); s != nil {
		return newPlain(s, timeout)
	}
	return nil
}

// secure is a transport through TLS on a socket. crypto/tls thinks that it blocks; underneath,
// reading reports a would-block error, which crypto/tls takes for a passing one, and writing keeps
// what the socket does not take.
type secure struct {
	tls     *tls.Conn
	cipher  *ciphertext
	timeout time.Duration
}

func newSecure(tc *tls.Conn, s *socket, timeout time.Duration) *secure {
	c := newCiphertext(s)
	s.engaged.Store(c)
	return &secure{tls: tc, cipher: c, timeout: timeout}
}

// fill decrypts what is at hand, and when nothing is, waits for the socket without a buffer.
func (t *secure) fill(in *inbound) error {
	for {
		in.stash()
		n, err := t.tls.Read(in.room())
		if n > 0 {
			in.w += n
			return nil
		}
		if !errors.Is(err, errWouldBlock) {
			return err
		}
		in.stash()
		if err := t.cipher.await(); err != nil {
			return err
		}
	}
}

func (t *secure) skip(in *inbound) (int, error) { return skip(t, in) }

// TryWrite encrypts p record by record for as long as the socket takes them. What has been
// encrypted counts as written even if the socket is full: blocked then asks for a Write.
func (t *secure) TryWrite(p []byte) (n int, blocked bool, err error) {
	if blocked, err := t.cipher.flush(); blocked || err != nil {
		return 0, blocked, err
	}
	for n < len(p) {
		m, err := t.tls.Write(p[n:min(n+recordBytes, len(p))])
		n += m
		if err != nil {
			return n, false, err
		}
		if blocked, err := t.cipher.flush(); blocked || err != nil {
			return n, blocked, err
		}
	}
	return n, false, nil
}

// Write writes all of p, blocking, and what TryWrite left behind. It fails when the peer takes
// nothing for the timeout.
func (t *secure) Write(p []byte) error {
	for {
		if err := t.cipher.flushAll(t.timeout); err != nil {
			return err
		}
		if len(p) == 0 {
			return nil
		}
		n, err := t.tls.Write(p[:min(len(p), recordBytes)])
		if err != nil {
			return err
		}
		p = p[n:]
	}
}
