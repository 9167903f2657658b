package compression

import (
	"bufio"
	"encoding/binary"
	"io"
	"sync"
)

// tally counts the frames that a server sends, and their bytes.
type tally struct {
	mu     sync.Mutex
	more   sync.Cond // signalled after each frame that nothing follows at once, and at the end
	frames int
	bytes  int
	end    error // why there are no more frames
}

func newTally() *tally {
	t := &tally{}
	t.more.L = &t.mu
	return t
}

// read counts until the stream ends.
func (t *tally) read(r io.Reader) {
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		n, err := skipFrame(in)
		t.mu.Lock()
		if err != nil {
			t.end = err
			t.more.Broadcast()
			t.mu.Unlock()
			return
		}
		t.frames++
		t.bytes += n
		if in.Buffered() == 0 {
			t.more.Broadcast()
		}
		t.mu.Unlock()
	}
}

// wait returns the bytes of so many frames when they have arrived.
func (t *tally) wait(frames int) (bytes int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.frames < frames && t.end == nil {
		t.more.Wait()
	}
	if t.frames < frames {
		return 0, t.end
	}
	return t.bytes, nil
}

// skipFrame reads an unmasked frame of less than 64 KiB and returns its length, header included.
func skipFrame(in *bufio.Reader) (int, error) {
	var header [4]byte
	if _, err := io.ReadFull(in, header[:2]); err != nil {
		return 0, err
	}
	headerBytes, payload := 2, int(header[1])
	if payload == 126 {
		if _, err := io.ReadFull(in, header[2:]); err != nil {
			return 0, err
		}
		headerBytes, payload = 4, int(binary.BigEndian.Uint16(header[2:]))
	}
	_, err := in.Discard(payload)
	return headerBytes + payload, err
}
