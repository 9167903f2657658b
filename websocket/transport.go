package websocket

import (
	"errors"
	"net"
	"os"
	"time"
)

// sink writes for the outbox. It is used by one goroutine at a time.
type sink struct {
	nc      net.Conn
	raw     *rawIO // nil if the descriptor can't be used directly
	timeout time.Duration
}

// recordBytes is what fits into one TLS record. A record that timed out can't be resumed, so where
// the transport may be TLS one write deadline covers one record.
const recordBytes = 16 << 10

// TryWrite writes without blocking if the transport can do that. Where it can't (TLS, pipes) it
// writes nothing, and the outbox lets a goroutine do the blocking write.
func (s *sink) TryWrite(p []byte) (int, error) {
	if s.raw == nil {
		return 0, nil
	}
	return s.raw.tryWrite(p)
}

// Write writes all of p, blocking. It fails when the peer takes nothing for the timeout.
func (s *sink) Write(p []byte) error {
	for len(p) > 0 {
		chunk := p
		if s.raw == nil {
			chunk = p[:min(len(p), recordBytes)]
		}
		if err := s.nc.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
			return err
		}
		n, err := s.nc.Write(chunk)
		p = p[n:]
		if err != nil && (n == 0 || !errors.Is(err, os.ErrDeadlineExceeded)) { // taking a part is progress
			return err
		}
	}
	s.nc.SetWriteDeadline(time.Time{}) // or it would fail a later TryWrite; a closed transport fails that anyway
	return nil
}
