package deflate

import "encoding/binary"

// bitWriter appends bits to a slice, the first one lowest (RFC 1951 section 3.1.1).
type bitWriter struct {
	b   []byte
	acc uint64 // bits not yet in b
	n   uint   // number of bits in acc, below 32 between calls
}

// put appends the low n bits of v, which has no others; n is at most 32.
func (w *bitWriter) put(v uint32, n uint8) {
	w.acc |= uint64(v) << w.n
	w.n += uint(n)
	if w.n >= 32 {
		w.b = binary.LittleEndian.AppendUint32(w.b, uint32(w.acc))
		w.acc >>= 32
		w.n -= 32
	}
}

// align appends zeros up to the end of a byte, and moves everything to b.
func (w *bitWriter) align() {
	for w.n > 0 {
		w.b = append(w.b, byte(w.acc))
		w.acc >>= 8
		w.n -= min(w.n, 8)
	}
	w.acc = 0
}
