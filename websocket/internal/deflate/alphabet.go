package deflate

import "math/bits"

// The alphabets of DEFLATE (RFC 1951 section 3.2.5): one for literals, the end of a block and match lengths, one for distances.
const (
	endOfBlock  = 256
	firstLength = 257 // the first symbol that stands for a match length
	litLenCount = 286 // 286 and 287 have a place in the fixed code but may not occur
	distCount   = 30  // 30 and 31 likewise
	minMatch    = 3
	maxMatch    = 258
	maxCodeBits = 15
	maxWindow   = 1 << 15
	maxStored   = 1<<16 - 1 // bytes in one stored block
)

// Block types (RFC 1951 section 3.2.3).
const (
	stored  = 0
	fixed   = 1
	dynamic = 2
)

// The code in which a dynamic block describes its two codes (RFC 1951 section 3.2.7).
const (
	clenCount    = 19
	clenCodeBits = 7
	clenRepeat   = 16 // the previous length 3 to 6 times, 2 extra bits
	clenZeros    = 17 // length 0, 3 to 10 times, 3 extra bits
	clenZeros2   = 18 // length 0, 11 to 138 times, 7 extra bits
)

var clenOrder = [clenCount]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// run says which matches a symbol stands for: base, and above it what its extra bits say.
type run struct {
	base  uint16
	extra uint8
}

var lengthRuns, distRuns = makeRuns()

// lengthSymbols and nearSymbols give the symbol of a match by its length and by its distance, less minMatch and 1. Distances from
// 257 on have the symbol of nearSymbols[(distance-1)>>7] plus 14, because every symbol there covers a multiple of 128.
var lengthSymbols, nearSymbols = makeSymbols()

func makeRuns() (length [litLenCount - firstLength]run, dist [distCount]run) {
	base := uint16(minMatch)
	for s := range length[:28] {
		extra := uint8(max(s/4-1, 0))
		length[s] = run{base, extra}
		base += 1 << extra
	}
	length[28] = run{maxMatch, 0} // the longest match has a symbol of its own
	base = 1
	for s := range dist {
		extra := uint8(max(s/2-1, 0))
		dist[s] = run{base, extra}
		base += 1 << extra
	}
	return length, dist
}

func makeSymbols() (length, near [256]uint8) {
	for s, r := range lengthRuns {
		for i := range min(1<<r.extra, maxMatch-int(r.base)+1) {
			length[int(r.base)-minMatch+i] = uint8(s)
		}
	}
	for s, r := range distRuns[:16] {
		for i := range 1 << r.extra {
			near[int(r.base)-1+i] = uint8(s)
		}
	}
	return length, near
}

// distSymbol returns the symbol of a distance, given less 1.
func distSymbol(less1 int) uint8 {
	if less1 < 256 {
		return nearSymbols[less1]
	}
	return nearSymbols[less1>>7] + 14
}

// reversed returns the low n bits of code in opposite order: codes are packed starting with their highest bit
// (RFC 1951 section 3.1.1).
func reversed(code uint16, n uint8) uint16 {
	return bits.Reverse16(code) >> (16 - n)
}

// The lengths of the fixed codes (RFC 1951 section 3.2.6), with the symbols that may not occur.
var fixedLitLenLengths, fixedDistLengths = makeFixedLengths()

func makeFixedLengths() (litLen [litLenCount + 2]uint8, dist [distCount + 2]uint8) {
	for s := range litLen {
		switch {
		case s < 144:
			litLen[s] = 8
		case s < 256:
			litLen[s] = 9
		case s < 280:
			litLen[s] = 7
		default:
			litLen[s] = 8
		}
	}
	for s := range dist {
		dist[s] = 5
	}
	return litLen, dist
}
