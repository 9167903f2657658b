package deflate

import (
	"encoding/binary"
	"math"
)

// work is what compressing a message needs besides its connection's context. It is pooled.
type work struct {
	finder finder
	bits   bitWriter

	tokens   [maxTokens]token
	count    int // of tokens
	literals int // of those, the literals

	litLenFreq [litLenCount]uint32
	distFreq   [distCount]uint32
	own        blockCode // the code of a dynamic block
	maker      lengthMaker
	about      description

	buckets [sharedBuckets]uint64 // for messages without a context
	base    uint32                // the position where the next of them begins
}

// blockCode is the two codes of a block.
type blockCode struct {
	litLenLengths [litLenCount]uint8
	distLengths   [distCount]uint8
	litLen        [litLenCount]symbolCode
	dist          [distCount]symbolCode
}

var fixedCode = makeFixedCode()

func makeFixedCode() *blockCode {
	var litLen [litLenCount + 2]symbolCode
	var dist [distCount + 2]symbolCode
	assignCodes(litLen[:], fixedLitLenLengths[:])
	assignCodes(dist[:], fixedDistLengths[:])
	return &blockCode{
		[litLenCount]uint8(fixedLitLenLengths[:]), [distCount]uint8(fixedDistLengths[:]),
		[litLenCount]symbolCode(litLen[:]), [distCount]symbolCode(dist[:]),
	}
}

// fixedMatchBits is what a match takes at most with the fixed code, and fixedLiteralBits a literal.
const (
	fixedMatchBits   = 8 + 5 + 5 + 13
	fixedLiteralBits = 9
)

// block appends the tokens as a block of the type that needs the fewest bits. src is what they stand for.
func (w *work) block(src []byte) {
	fixedBits := fixedLiteralBits*w.literals + fixedMatchBits*(w.count-w.literals) + fixedLiteralBits
	dynamicBits := math.MaxInt
	hope := 3*w.literals + 4*(w.count-w.literals)
	exact := hope >= leastHope
	if exact {
		var extra, symbols int
		fixedBits, extra, symbols = w.countSymbols()
		if hope > 5*symbols+60 {
			dynamicBits = extra + w.ownCode()
		}
	}
	storedBits := 8 * (len(src) + 5*(1+len(src)/maxStored))
	w.bits.reserve(3 + min(fixedBits, dynamicBits))
	before := w.bits
	switch {
	case exact && storedBits < min(fixedBits, dynamicBits):
		w.stored(src)
	case dynamicBits < fixedBits:
		w.bits.put(dynamic<<1, 3)
		w.about.write(&w.bits)
		assignCodes(w.own.litLen[:], w.own.litLenLengths[:w.about.litLens])
		assignCodes(w.own.dist[:], w.own.distLengths[:w.about.dists])
		w.write(&w.own)
	default:
		w.bits.put(fixed<<1, 3)
		w.write(fixedCode)
		if !exact && w.bits.at-before.at > storedBits/8 {
			w.bits = before
			w.stored(src)
		}
	}
}

// leastHope is how many bits a block must hope to save with a code of its own, compared to the fixed one, for that to be looked
// at: 3 bits for a literal and 4 for a match. The description costs about 5 bits for each symbol and 60 for the rest. For JSON,
// nearly everything that is not tried for these reasons would fail, and most of what is tried succeeds.
const leastHope = 160

// ownCode finds the best code for the block, and returns the size of its description and of all symbols in it.
func (w *work) ownCode() (bits int) {
	bits = w.maker.make(w.own.litLenLengths[:], w.litLenFreq[:], maxCodeBits)
	bits += w.maker.make(w.own.distLengths[:], w.distFreq[:], maxCodeBits)
	w.about.make(&w.own.litLenLengths, &w.own.distLengths, &w.maker)
	return bits + w.about.bits
}

// countSymbols counts how often each symbol is needed. It returns how many bits the fixed code takes, how many of them are extra
// bits, and how many different symbols there are.
func (w *work) countSymbols() (fixedBits, extra, symbols int) {
	clear(w.litLenFreq[:])
	clear(w.distFreq[:])
	for _, t := range w.tokens[:w.count] {
		if !t.isMatch() {
			w.litLenFreq[t&0xff]++
			fixedBits += int(fixedLitLenLengths[t&0xff])
			continue
		}
		s, d := lengthSymbols[t.lengthCode()], distSymbol(t.distanceLess1())
		w.litLenFreq[firstLength+int(s)]++
		w.distFreq[d]++
		more := int(lengthRuns[s].extra) + int(distRuns[d].extra)
		extra += more
		fixedBits += more + int(fixedLitLenLengths[firstLength+int(s)]) + int(fixedDistLengths[d])
	}
	w.litLenFreq[endOfBlock] = 1
	for _, f := range &w.litLenFreq {
		if f > 0 {
			symbols++
		}
	}
	for _, f := range &w.distFreq {
		if f > 0 {
			symbols++
		}
	}
	return fixedBits + int(fixedLitLenLengths[endOfBlock]), extra, symbols
}

// write appends the tokens in a code, and the end of the block. The writer lives in variables meanwhile, so that its fields
// can be in registers.
func (w *work) write(code *blockCode) {
	b, at, acc, n := w.bits.b, w.bits.at, w.bits.acc, w.bits.n
	for _, t := range w.tokens[:w.count] {
		var v uint64
		if !t.isMatch() {
			c := code.litLen[t&0xff]
			v = uint64(c.bits) << (n & 7)
			n += uint(c.n)
		} else {
			length, distance := t.lengthCode(), t.distanceLess1()
			s := lengthSymbols[length]
			c, r := code.litLen[firstLength+int(s)], lengthRuns[s]
			v = (uint64(c.bits) | uint64(length+minMatch-int(r.base))<<(c.n&31)) << (n & 7)
			n += uint(c.n + r.extra)
			s = distSymbol(distance)
			c, r = code.dist[s], distRuns[s]
			v |= (uint64(c.bits) | uint64(distance+1-int(r.base))<<(c.n&31)) << (n & 63)
			n += uint(c.n + r.extra)
		}
		acc |= v
		binary.LittleEndian.PutUint64(b[at:], acc)
		at += int(n >> 3)
		acc >>= n &^ 7 & 63
		n &= 7
	}
	w.bits.at, w.bits.acc, w.bits.n = at, acc, n
	c := code.litLen[endOfBlock]
	w.bits.put(uint64(c.bits), uint(c.n))
}

// stored appends src in blocks without compression (RFC 1951 section 3.2.4).
func (w *work) stored(src []byte) {
	for len(src) > 0 {
		n := min(len(src), maxStored)
		w.bits.reserve(3 + 32 + 8*n)
		w.bits.put(stored<<1, 3)
		w.bits.align()
		w.bits.put(uint64(n)|uint64(^uint16(n))<<16, 32)
		w.bits.at += copy(w.bits.b[w.bits.at:], src[:n])
		src = src[n:]
	}
}
