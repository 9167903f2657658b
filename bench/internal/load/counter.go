//go:build linux

package load

import (
	"bytes"
	"fmt"
)

// counter counts the frames in the bytes that a server sends. All have to be whole binary frames
// with payloads of the same size; their content is skipped.
type counter struct {
	header []byte // what each begins with
	frame  int    // bytes in one
	at     int    // bytes of the current one that have come
}

func newCounter(size int) counter {
	header := appendHeader(nil, size)
	return counter{header: header, frame: len(header) + size}
}

// feed takes the next bytes and returns how many frames they complete. The cost of a frame is that
// of comparing its header.
func (c *counter) feed(b []byte) (frames int, err error) {
	for len(b) > 0 {
		if c.at < len(c.header) {
			want := c.header[c.at:min(c.at+len(b), len(c.header))]
			if !bytes.HasPrefix(b, want) {
				return frames, fmt.Errorf("the server sent a frame that begins with % x; each should begin with % x",
					append(c.header[:c.at:c.at], b[:len(want)]...), c.header)
			}
		}
		n := min(len(b), c.frame-c.at)
		b = b[n:]
		if c.at += n; c.at == c.frame {
			c.at = 0
			frames++
		}
	}
	return frames, nil
}
