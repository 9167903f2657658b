package deflate

// work is what compressing a message needs besides its connection's context. It is pooled.
type work struct {
	finder finder
	bits   bitWriter

	tokens [maxTokens]token
	count  int // of tokens

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

// block appends the tokens as a block of the type that needs the fewest bytes. src is what they stand for.
func (w *work) block(src []byte) {
	extra := w.countSymbols()
	fixedBits := extra + w.size(fixedCode)
	storedBits := 8 * (len(src) + 5*(1+len(src)/maxStored))
	dynamicBits := int(^uint(0) >> 1)
	if w.count >= fewestForDynamic {
		w.maker.make(w.own.litLenLengths[:], w.litLenFreq[:], maxCodeBits)
		w.maker.make(w.own.distLengths[:], w.distFreq[:], maxCodeBits)
		w.about.make(&w.own.litLenLengths, &w.own.distLengths, &w.maker)
		dynamicBits = extra + w.about.bits + w.size(&w.own)
	}
	switch {
	case storedBits < min(fixedBits, dynamicBits):
		w.stored(src)
	case fixedBits <= dynamicBits:
		w.bits.put(fixed<<1, 3)
		w.write(fixedCode)
	default:
		w.bits.put(dynamic<<1, 3)
		w.about.write(&w.bits)
		assignCodes(w.own.litLen[:], w.own.litLenLengths[:])
		assignCodes(w.own.dist[:], w.own.distLengths[:])
		w.write(&w.own)
	}
}

// fewestForDynamic is how many tokens a block has before a dynamic code is worth trying: its description takes 40 bytes or more, and
// it saves some 2 or 3 bits for each.
const fewestForDynamic = 80

// countSymbols counts how often each symbol is needed, and returns the number of extra bits.
func (w *work) countSymbols() (extra int) {
	clear(w.litLenFreq[:])
	clear(w.distFreq[:])
	for _, t := range w.tokens[:w.count] {
		if !t.isMatch() {
			w.litLenFreq[t]++
			continue
		}
		s, d := lengthSymbols[t.lengthCode()], distSymbol(t.distanceLess1())
		w.litLenFreq[firstLength+int(s)]++
		w.distFreq[d]++
		extra += int(lengthRuns[s].extra) + int(distRuns[d].extra)
	}
	w.litLenFreq[endOfBlock] = 1
	return extra
}

// size returns the bits that the symbols take in a code.
func (w *work) size(c *blockCode) (bits int) {
	for s, f := range &w.litLenFreq {
		bits += int(f) * int(c.litLenLengths[s])
	}
	for s, f := range &w.distFreq {
		bits += int(f) * int(c.distLengths[s])
	}
	return bits
}

// write appends the tokens and the end of the block.
func (w *work) write(code *blockCode) {
	for _, t := range w.tokens[:w.count] {
		if !t.isMatch() {
			c := code.litLen[t]
			w.bits.put(uint32(c.bits), c.n)
			continue
		}
		length := t.lengthCode()
		s := lengthSymbols[length]
		c, r := code.litLen[firstLength+int(s)], lengthRuns[s]
		w.bits.put(uint32(c.bits)|uint32(length+minMatch-int(r.base))<<c.n, c.n+r.extra)
		distance := t.distanceLess1()
		s = distSymbol(distance)
		c, r = code.dist[s], distRuns[s]
		w.bits.put(uint32(c.bits)|uint32(distance+1-int(r.base))<<c.n, c.n+r.extra)
	}
	c := code.litLen[endOfBlock]
	w.bits.put(uint32(c.bits), c.n)
}

// stored appends src in blocks without compression (RFC 1951 section 3.2.4).
func (w *work) stored(src []byte) {
	for len(src) > 0 {
		n := min(len(src), maxStored)
		w.bits.put(stored<<1, 3)
		w.bits.align()
		w.bits.put(uint32(n)|uint32(^uint16(n))<<16, 32)
		w.bits.b = append(w.bits.b, src[:n]...)
		src = src[n:]
	}
}
