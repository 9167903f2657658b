package deflate

import (
	"encoding/binary"
	"slices"
)

// bitWriter appends bits to a slice, the first one lowest (RFC 1951 section 3.1.1). Space must be reserved for them.
type bitWriter struct {
	b   []byte // its length is its capacity
	at  int    // b[:at] is written
	acc uint64 // the bits after them, and how many: less than 8 between calls
	n   uint
}

func newBitWriter(dst []byte) bitWriter { return bitWriter{b: dst[:cap(dst)], at: len(dst)} }

// reserve makes space for a number of bits.
func (w *bitWriter) reserve(bits int) {
	if need := bits/8 + 16; need > len(w.b)-w.at { // the rest of a byte, and a whole word whenever bits are stored
		b := slices.Grow(w.b[:w.at], need)
		w.b = b[:cap(b)]
	}
}

// put appends the low n bits of v, which has no others; n is at most 56.
func (w *bitWriter) put(v uint64, n uint) {
	w.acc |= v << w.n
	w.n += n
	binary.LittleEndian.PutUint64(w.b[w.at:], w.acc)
	w.at += int(w.n >> 3)
	w.acc >>= w.n &^ 7
	w.n &= 7
}

// align appends zeros up to the end of a byte.
func (w *bitWriter) align() { w.put(0, -w.n&7) }

// bytes returns everything that was written. The writer must be aligned.
func (w *bitWriter) bytes() []byte { return w.b[:w.at] }
