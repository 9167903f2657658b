package deflate

import (
	"encoding/binary"
	"math/bits"
)

// finder looks for earlier occurrences of what comes next in a message. It knows the positions of earlier strings from an index, and
// looks whether they are really there; so an index may be wrong or out of date in any way.
type finder struct {
	src     []byte // the message
	index   index
	base    uint32 // position of src[0] in the stream of messages
	earlier *ring  // the messages before
	mask    uint32 // the size of that ring, less 1
	reach   int    // how far a match at the beginning of src may reach back
	window  int    // how far any match may
}

// match is an earlier occurrence of the bytes from back bytes before where it was looked for.
type match struct {
	length, distance int
	back             int // bytes of it before the place
	gain             int // bits that it saves under the fixed code
}

// shortest is the length of the strings in the index: the shortest matches that are found.
const shortest = 4

// gains is what a match of a length saves under the fixed code, the extra bits of its distance not counted.
var gains = makeGains()

func makeGains() (gains [maxMatch + 1]int16) {
	for n := minMatch; n <= maxMatch; n++ {
		s := lengthSymbols[n-minMatch]
		cost := int(fixedLitLenLengths[firstLength+int(s)]) + int(lengthRuns[s].extra) + int(fixedDistLengths[0])
		gains[n] = int16(8*n - cost)
	}
	return gains
}

// find looks for the best match at i, where at least shortest bytes are left, and puts i into the index. It may begin up to
// maxBack bytes earlier.
func (f *finder) find(i, maxBack int) (best match) {
	src := f.src
	rest := src[i:]
	head := binary.LittleEndian.Uint32(rest)
	pos := uint16(f.base + uint32(i))
	reach := min(f.reach+i, f.window)
	for places := f.index.push(head, pos); places != 0; places >>= 16 {
		d := int(pos - uint16(places))
		if uint(d-1) >= uint(reach) {
			break // the rest is older still
		}
		var there []byte
		if d <= i {
			there = src[i-d:]
		} else if there = f.before(d - i); len(there) < shortest {
			continue
		}
		if binary.LittleEndian.Uint32(there) != head {
			continue
		}
		n := min(shortest+common(there[shortest:], rest[shortest:]), maxMatch)
		back := 0
		if maxBack > 0 {
			back = f.backwards(i, d, min(maxBack, f.reach+i-d, maxMatch-n))
			n += back
		}
		if gain := int(gains[n]) - max(bits.Len32(uint32(d-1))-2, 0); gain > best.gain {
			best = match{n, d, back, gain}
		}
	}
	return best
}

// backwards returns how many bytes before i, at most most, are the same as those d bytes earlier.
func (f *finder) backwards(i, d, most int) (n int) {
	for n < most && f.src[i-n-1] == f.byteBefore(i-n-1, d) {
		n++
	}
	return n
}

// before returns what came k bytes before the message, as far as it lies in one piece.
func (f *finder) before(k int) []byte {
	at := (f.earlier.end - uint32(k)) & f.mask
	there := f.earlier.buf[at:]
	return there[:min(k, len(there))]
}

// byteBefore returns the byte d bytes before src[i].
func (f *finder) byteBefore(i, d int) byte {
	if d <= i {
		return f.src[i-d]
	}
	return f.earlier.buf[(f.earlier.end-uint32(d-i))&f.mask]
}

// common returns how many bytes a and b have in common at their beginning, at most maxMatch.
func common(a, b []byte) int {
	most := min(len(a), len(b), maxMatch)
	n := 0
	for ; n+8 <= most; n += 8 {
		if x := binary.LittleEndian.Uint64(a[n:]) ^ binary.LittleEndian.Uint64(b[n:]); x != 0 {
			return n + bits.TrailingZeros64(x)>>3
		}
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}

// learn puts i into the index without looking.
func (f *finder) learn(i int) {
	f.index.push(binary.LittleEndian.Uint32(f.src[i:]), uint16(f.base+uint32(i)))
}
