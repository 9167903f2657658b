package websocket

import (
	"net"
	"time"
)

// sink writes for the outbox. It is used by one goroutine at a time.
type sink struct {
	nc      net.Conn
	raw     *rawIO // nil if the descriptor can't be used directly
	timeout time.Duration
}

// writeChunk is how much one write deadline covers: a peer that takes this much within the timeout
// makes progress.
const writeChunk = 64 << 10

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
		chunk := p[:min(len(p), writeChunk)]
		if err := s.nc.SetWriteDeadline(time.Now().Add(s.timeout)); err != nil {
			return err
		}
		n, err := s.nc.Write(chunk)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return s.nc.SetWriteDeadline(time.Time{}) // an expired deadline would fail the next TryWrite
}
