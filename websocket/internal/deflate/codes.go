package deflate

// readCodes reads the description of the two codes of a dynamic block into z.litLen and z.dist (RFC 1951 section 3.2.7).
func (z *inflater) readCodes() error {
	head, ok := z.in.bits(5 + 5 + 4)
	if !ok {
		return errTruncated
	}
	litLens, dists := int(head&31)+firstLength, int(head>>5&31)+1
	if litLens > litLenCount || dists > distCount {
		return errCodeCounts
	}
	clens := z.lengths[:clenCount]
	clear(clens)
	for _, s := range clenOrder[:head>>10+4] {
		n, ok := z.in.bits(3)
		if !ok {
			return errTruncated
		}
		clens[s] = uint8(n)
	}
	table := &z.dist // not needed yet for what it is called
	if !table.init(clens, clenEntries[:], clenCodeBits) {
		return errCodeSizes
	}
	lengths := z.lengths[:litLens+dists]
	for i := 0; i < len(lengths); {
		z.in.fill()
		e := table.root[z.in.acc&clenRootMask]
		z.in.skip(e.codeBits())
		s := uint8(e >> 16)
		var fill uint8
		repeat := 1
		switch {
		case e == 0:
			return errSymbol
		case s < clenRepeat:
			fill = s
		case s == clenRepeat:
			if i == 0 {
				return errCodeSizes
			}
			fill = lengths[i-1]
			repeat = 3 + int(z.in.acc&3)
			z.in.skip(2)
		case s == clenZeros:
			repeat = 3 + int(z.in.acc&7)
			z.in.skip(3)
		case s == clenZeros2:
			repeat = 11 + int(z.in.acc&127)
			z.in.skip(7)
		}
		if z.in.n < 0 {
			return errTruncated
		}
		if repeat > len(lengths)-i {
			return errCodeSizes
		}
		for j := range lengths[i : i+repeat] {
			lengths[i+j] = fill
		}
		i += repeat
	}
	if !z.litLen.init(lengths[:litLens], litLenEntries[:], maxCodeBits) || !z.dist.init(lengths[litLens:], distEntries[:], maxCodeBits) {
		return errCodeSizes
	}
	return nil
}
