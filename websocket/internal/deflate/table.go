package deflate

// An entry tells what a code stands for.
//
//	bits 0-3   the bits of the code
//	bits 4-7   how many extra bits follow
//	bits 8-10  its kind; 0 is invalid
//	bits 16-31 the literal, or the least length or distance
type entry uint32

const (
	kindLiteral entry = 1 << 8
	kindRun     entry = 1 << 9
	kindEnd     entry = 1 << 10
)

func (e entry) codeBits() uint  { return uint(e & 15) }
func (e entry) extraBits() uint { return uint(e >> 4 & 15) }
func (e entry) base() int       { return int(e >> 16) }

// The entries of every symbol, still without the bits of its code.
var litLenEntries, distEntries, clenEntries = makeEntries()

func makeEntries() (litLen [litLenCount + 2]entry, dist [distCount + 2]entry, clen [clenCount]entry) {
	for s := range endOfBlock {
		litLen[s] = kindLiteral | entry(s)<<16
	}
	litLen[endOfBlock] = kindEnd
	for s, r := range lengthRuns {
		litLen[firstLength+s] = kindRun | entry(r.extra)<<4 | entry(r.base)<<16
	}
	for s, r := range distRuns {
		dist[s] = kindRun | entry(r.extra)<<4 | entry(r.base)<<16
	}
	for s := range clen {
		clen[s] = kindLiteral | entry(s)<<16
	}
	return litLen, dist, clen
}

const (
	rootBits     = 9
	rootMask     = 1<<rootBits - 1
	clenRootMask = 1<<clenCodeBits - 1
)

// decodeTable decodes one Huffman code: codes of up to rootBits bits by a look-up of the next bits, longer and therefore rare ones
// bit by bit.
type decodeTable struct {
	root   [1 << rootBits]entry // 0 where no code of at most rootBits bits begins
	counts [maxCodeBits + 1]uint16
	sorted [litLenCount + 2]uint16 // the symbols by length of their codes, then by value
	of     []entry
}

// init builds the table for a code given by the lengths of its codes, at most most bits and 0 for a symbol that has none (RFC 1951
// section 3.2.2). It reports whether there is such a code: every sequence of bits must mean something, unless there
// is at most one symbol, with a code of one bit (section 3.2.7 on distances).
func (t *decodeTable) init(lengths []uint8, of []entry, most int) bool {
	t.of = of
	t.counts = [maxCodeBits + 1]uint16{}
	used := 0
	for _, n := range lengths {
		if n > 0 { // most are not
			t.counts[n&15]++
			used++
		}
	}
	var offsets [maxCodeBits + 2]uint16
	left := 1 // of what can still be given out, in units of the current length
	for n := 1; n <= maxCodeBits; n++ {
		left = left<<1 - int(t.counts[n])
		if left < 0 {
			return false
		}
		offsets[n+1] = offsets[n] + t.counts[n]
	}
	if left > 0 && (used > 1 || used == 1 && t.counts[1] != 1) {
		return false
	}
	for s, n := range lengths {
		if n > 0 {
			t.sorted[offsets[n&15]] = uint16(s)
			offsets[n&15]++
		}
	}
	// The table for codes of up to n bits is that for n-1 bits twice, and the codes of n bits.
	t.root[0] = 0
	code, at := uint16(0), 0
	for n := 1; n <= min(rootBits, most); n++ {
		size := 1 << n
		copy(t.root[size/2:size], t.root[:size/2])
		code <<= 1
		for range t.counts[n] {
			t.root[reversed(code, uint8(n))&rootMask] = of[t.sorted[at]] | entry(n)
			code++
			at++
		}
	}
	return true
}

// long decodes the code that bits begin with, first bit lowest, whatever its length. The result is 0 if there is none.
func (t *decodeTable) long(bits uint64) entry {
	code, first, index := 0, 0, 0
	for n := 1; n <= maxCodeBits; n++ {
		code |= int(bits & 1)
		bits >>= 1
		count := int(t.counts[n])
		if code < first+count {
			return t.of[t.sorted[index+code-first]] | entry(n)
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return 0
}

// The tables of the fixed code (RFC 1951 section 3.2.6).
var fixedLitLenTable, fixedDistTable = makeFixedTables()

func makeFixedTables() (litLen, dist *decodeTable) {
	litLen, dist = new(decodeTable), new(decodeTable)
	litLen.init(fixedLitLenLengths[:], litLenEntries[:], maxCodeBits)
	dist.init(fixedDistLengths[:], distEntries[:], maxCodeBits)
	return litLen, dist
}
