package deflate

import (
	"encoding/binary"
	"math/bits"
)

// index remembers where strings of four bytes occurred, each position by its low 16 bits: more than the largest window needs. A
// string has a bucket of four positions, the latest lowest. Buckets are shared by strings, and nothing is ever
// removed but by something later.
type index struct {
	buckets []uint64 // a power of two
	shift   uint8
}

func newIndex(buckets []uint64) index {
	return index{buckets, uint8(32 - bits.TrailingZeros(uint(len(buckets))))}
}

// bucket returns the bucket of a string, given as a little-endian number. The factor is Knuth's.
func (x *index) bucket(s uint32) *uint64 {
	return &x.buckets[s*2654435761>>(x.shift&31)]
}

// push adds a position of s and returns those known before.
func (x *index) push(s uint32, pos uint16) uint64 {
	b := x.bucket(s)
	places := *b
	*b = places<<16 | uint64(pos)
	return places
}

// addOften adds every other position of piece, whose first byte is at position at. All of them would push too much out, and a match
// is found from its second byte as well.
func (x *index) addOften(piece []byte, at uint32) {
	for i := 0; i+shortest <= len(piece); i += 2 {
		x.push(binary.LittleEndian.Uint32(piece[i:]), uint16(at+uint32(i)))
	}
}
