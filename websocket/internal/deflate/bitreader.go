package deflate

import "encoding/binary"

// bitReader reads bits from a slice, the first one lowest (RFC 1951 section 3.1.1).
type bitReader struct {
	src []byte
	pos int    // src[:pos] is in acc or has been read
	acc uint64 // the next bits; bits from the n-th on are zero or what follows in src
	n   int    // number of bits in acc that count; negative after more were skipped than there were
}

// fill makes n at least 56, or as much as there is.
func (r *bitReader) fill() {
	if r.n >= 48 {
		return
	}
	if r.pos+8 <= len(r.src) {
		r.acc |= binary.LittleEndian.Uint64(r.src[r.pos:]) << r.n
		r.pos += (63 - r.n) >> 3
		r.n |= 56
		return
	}
	for r.n <= 56 && r.pos < len(r.src) {
		r.acc |= uint64(r.src[r.pos]) << r.n
		r.pos++
		r.n += 8
	}
}

func (r *bitReader) skip(n uint) {
	r.acc >>= n
	r.n -= int(n)
}

// bits reads the next n bits, at most 32.
func (r *bitReader) bits(n uint) (v uint32, ok bool) {
	r.fill()
	v = uint32(r.acc & (1<<n - 1))
	r.skip(n)
	return v, r.n >= 0
}

// align skips the rest of a byte of which some bits have been read.
func (r *bitReader) align() {
	r.pos -= r.n >> 3
	r.acc, r.n = 0, 0
}

// atEnd tells whether all of src has been read. It must be aligned.
func (r *bitReader) atEnd() bool { return r.pos == len(r.src) }

// bytes returns the next n bytes, or nil if there are fewer. It must be aligned.
func (r *bitReader) bytes(n int) []byte {
	if n > len(r.src)-r.pos {
		return nil
	}
	r.pos += n
	return r.src[r.pos-n : r.pos]
}
