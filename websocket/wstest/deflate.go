package wstest

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
)

const (
	maxWindowBits = 15
	// flushTail ends what a deflater flushes; it does not travel (RFC 7692 section 7.2.1).
	flushTail = "\x00\x00\xff\xff"
	// lastBlock is an empty block with BFINAL set, behind which an inflater stops.
	lastBlock = "\x01\x00\x00\xff\xff"
)

// direction is what was agreed on for the messages of one side.
type direction struct {
	noTakeover bool // each message is compressed on its own
	bits       int  // the base-2 logarithm of the window, 8 to 15
}

func (d direction) window() int { return 1 << d.bits }

// deflater compresses our messages.
type deflater struct {
	direction
	w       *flate.Writer
	out     bytes.Buffer
	history []byte // the end of the messages before
}

// compress returns a message compressed as RFC 7692 section 7.2.1 asks.
//
// compress/flate has one size of window, 32 KiB. To keep within a smaller one, a message is
// compressed in pieces of half a window that know only the half before them.
func (d *deflater) compress(p []byte) []byte {
	d.out.Reset()
	if d.noTakeover {
		d.history = nil
	}
	if d.w == nil {
		d.w, _ = flate.NewWriter(&d.out, flate.DefaultCompression)
	} else if d.noTakeover {
		d.w.Reset(&d.out)
	}
	if d.bits == maxWindowBits {
		d.flush(p)
	} else {
		d.inPieces(p, d.window()/2)
	}
	return bytes.Clone(bytes.TrimSuffix(d.out.Bytes(), []byte(flushTail)))
}

// inPieces compresses p so that nothing refers back further than two pieces. For each piece the
// writer begins anew: it is given the piece before, and what it makes of that is thrown away.
func (d *deflater) inPieces(p []byte, size int) {
	for {
		piece := p[:min(size, len(p))]
		done := d.out.Len()
		d.w.Reset(&d.out)
		d.flush(d.history)
		d.out.Truncate(done)
		d.flush(piece)
		d.history = bytes.Clone(lastBytes(append(d.history, piece...), size))
		if p = p[len(piece):]; len(p) == 0 {
			return
		}
	}
}

// flush compresses p up to a byte boundary. Writes to a buffer do not fail.
func (d *deflater) flush(p []byte) {
	d.w.Write(p)
	d.w.Flush()
}

// inflater inflates the endpoint's messages.
type inflater struct {
	direction
	history []byte
}

// inflate returns the message that p is the compressed form of (RFC 7692 section 7.2.2).
func (i *inflater) inflate(p []byte) ([]byte, error) {
	if i.noTakeover {
		i.history = nil
	}
	whole := append(bytes.Clone(p), flushTail...)
	distance, err := longestDistance(whole)
	if err != nil {
		return nil, err
	}
	if distance > i.window() {
		return nil, fmt.Errorf("it refers %d bytes back, and the window is %d", distance, i.window())
	}
	whole = append(whole, lastBlock...)
	message := []byte{}
	for rest := bytes.NewReader(whole); rest.Len() > 0; { // each turn ends at a block with BFINAL set
		r := flate.NewReaderDict(rest, i.history)
		part, err := io.ReadAll(io.LimitReader(r, maxReceived+1))
		if err != nil {
			return nil, err
		}
		message = append(message, part...)
		if len(message) > maxReceived {
			return nil, errors.New("it inflates to more than anything that was sent")
		}
		i.history = bytes.Clone(lastBytes(append(i.history, part...), i.window()))
	}
	return message, nil
}

func lastBytes(p []byte, n int) []byte { return p[max(0, len(p)-n):] }
