//go:build linux

package load

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// answers returns what a server sends for so many messages of a size.
func answers(size, frames int) []byte {
	one := append(appendHeader(nil, size), bytes.Repeat([]byte{0x82}, size)...)
	return bytes.Repeat(one, frames)
}

func TestFramesAreCountedHoweverTheBytesAreCut(t *testing.T) {
	for _, size := range []int{0, 1, 64, 125, 126, 300, 70_000} {
		stream := answers(size, 3)
		for _, piece := range []int{1, 2, 3, 7, 64, 4096, len(stream)} {
			c := newCounter(size)
			total := 0
			for rest := stream; len(rest) > 0; {
				n := min(piece, len(rest))
				frames, err := c.feed(rest[:n])
				if err != nil {
					t.Fatalf("messages of %d B in pieces of %d: %v", size, piece, err)
				}
				total += frames
				rest = rest[n:]
			}
			if total != 3 || c.at != 0 {
				t.Errorf("messages of %d B in pieces of %d: counted %d and %d bytes; want 3 and none", size, piece, total, c.at)
			}
		}
	}
}

func TestAFrameIsCountedWhenItsLastByteComes(t *testing.T) {
	c := newCounter(64)
	stream := answers(64, 2)
	for i := range stream {
		want := 0
		if i == 65 || i == 131 {
			want = 1
		}
		if frames, err := c.feed(stream[i : i+1]); err != nil || frames != want {
			t.Errorf("byte %d: %d frames, %v; want %d", i, frames, err, want)
		}
	}
}

func TestAnUnexpectedFrameIsNamed(t *testing.T) {
	closing := []byte{0x88, 0x02, 0x03, 0xe8}
	for _, before := range []int{0, 2} {
		c := newCounter(64)
		frames, err := c.feed(append(answers(64, before), closing...))
		if frames != before || err == nil || !strings.Contains(err.Error(), "begins with 88 02") {
			t.Errorf("after %d frames: %d frames, %v", before, frames, err)
		}
	}
}

func TestARunIsMaskedFramesThatCarryThePayload(t *testing.T) {
	for _, size := range []int{64, 16 << 10, 70_000} {
		r := newRun(size, 2)
		if len(r.bytes) != 2*r.frame {
			t.Fatalf("two frames of %d bytes make a run of %d", r.frame, len(r.bytes))
		}
		for _, frame := range [][]byte{r.bytes[:r.frame], r.bytes[r.frame:]} {
			header := appendHeader(nil, size)
			header[1] |= 0x80
			rest, ok := bytes.CutPrefix(frame, header)
			if !ok || len(rest) != 4+size {
				t.Fatalf("the frame begins with % x and has %d bytes", frame[:14], len(frame))
			}
			key, payload := rest[:4], rest[4:]
			if binary.BigEndian.Uint32(key) != maskKey {
				t.Errorf("the key is % x", key)
			}
			for i, b := range payload {
				if b^key[i%4] != payloadByte(i) {
					t.Fatalf("byte %d of the payload is %q; want %q", i, b^key[i%4], payloadByte(i))
				}
			}
		}
	}
}
