package websocket

import (
	"errors"
	"net"
	"os"
	"time"
)

// transport moves the bytes of one connection. One goroutine may read while another writes. It is
// also the sink of the connection's outbox.
type transport interface {
	// fill waits until bytes arrive and puts them behind what in has not parsed yet. While it waits
	// for a message to begin, in holds no buffer. What in returned before is invalid afterwards.
	fill(in *inbound) error

	// skip waits until bytes arrive and throws them away, n of them. It holds no large buffer: a
	// server that stops does this for all its connections at once.
	skip(in *inbound) (n int, err error)

	TryWrite(p []byte) (n int, blocked bool, err error)
	Write(p []byte) error
}

// newTransport chooses how to move the bytes of nc: straight through the descriptor of a socket,
// through TLS on such a descriptor, or, if neither can be had, as a stream.
func newTransport(nc net.Conn, writeTimeout time.Duration) transport {
	if t := newDirect(nc, writeTimeout); t != nil {
		return t
	}
	return &stream{nc: nc, timeout: writeTimeout}
}

// stream is a transport over any net.Conn: TLS that did not come from a Listener or from Dial, or a
// pipe. It can't tell what would block, so the outbox's goroutine does every write, and an idle read
// needs a place to put bytes.
type stream struct {
	nc      net.Conn
	timeout time.Duration
	park    [2]byte // what an idle read goes into: the shortest frame header instead of a buffer
	scrap   []byte  // what is skipped goes into
}

func (t *stream) fill(in *inbound) error {
	in.rest()
	if in.buf == nil && !in.parser.InMessage() {
		n, err := t.nc.Read(t.park[:])
		if n > 0 {
			in.put(t.park[:n])
			return nil
		}
		return err
	}
	n, err := t.nc.Read(in.room())
	if n > 0 {
		in.w += n
		return nil
	}
	return err
}

func (t *stream) skip(*inbound) (int, error) {
	if t.scrap == nil {
		t.scrap = make([]byte, 512)
	}
	return t.nc.Read(t.scrap)
}

// skip is transport.skip by means of a fill that waits without a buffer.
func skip(t transport, in *inbound) (int, error) {
	in.r = in.w
	err := t.fill(in)
	return in.w - in.r, err
}

// TryWrite writes nothing, for it might block.
func (t *stream) TryWrite([]byte) (int, bool, error) { return 0, true, nil }

// recordBytes is what fits into one TLS record. A record that timed out can't be resumed, so where
// the stream may be TLS one write deadline covers one record.
const recordBytes = 16 << 10

// Write writes all of p, blocking. It fails when the peer takes nothing for the timeout.
func (t *stream) Write(p []byte) error {
	for len(p) > 0 {
		n, err := writeWithin(t.nc, p[:min(len(p), recordBytes)], t.timeout)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	t.nc.SetWriteDeadline(time.Time{}) // fails only on a closed transport, which the next call notices
	return nil
}

// writeWithin writes some of p. It fails when nothing of it is taken for the timeout.
func writeWithin(nc net.Conn, p []byte, timeout time.Duration) (int, error) {
	if err := nc.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	n, err := nc.Write(p)
	if n > 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // taking a part is progress
	}
	return n, err
}
