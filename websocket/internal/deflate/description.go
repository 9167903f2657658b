package deflate

// description is how a dynamic block describes its two codes (RFC 1951 section 3.2.7).
type description struct {
	litLens, dists, clens int // how many lengths are given
	bits                  int // the size of it all
	lengths               [litLenCount + distCount]uint8
	items                 [litLenCount + distCount]clenItem
	count                 int
	freq                  [clenCount]uint32
	clen                  [clenCount]uint8
	codes                 [clenCount]symbolCode
}

// clenItem is a symbol of the code for lengths, with its extra bits.
type clenItem struct {
	symbol, extra uint8
}

var clenExtraBits = [clenCount]uint8{clenRepeat: 2, clenZeros: 3, clenZeros2: 7}

// make describes codes of the given lengths.
func (d *description) make(litLen *[litLenCount]uint8, dist *[distCount]uint8, m *lengthMaker) {
	d.litLens, d.dists = litLenCount, distCount
	for litLen[d.litLens-1] == 0 { // the end of the block has a code
		d.litLens--
	}
	for d.dists > 1 && dist[d.dists-1] == 0 {
		d.dists--
	}
	copy(d.lengths[:], litLen[:d.litLens])
	copy(d.lengths[d.litLens:], dist[:d.dists])
	d.pack(d.lengths[:d.litLens+d.dists])

	d.bits = 5 + 5 + 4 + m.make(d.clen[:], d.freq[:], clenCodeBits)
	for s := clenRepeat; s < clenCount; s++ {
		d.bits += int(d.freq[s]) * int(clenExtraBits[s])
	}
	d.clens = clenCount
	for d.clens > 4 && d.clen[clenOrder[d.clens-1]] == 0 {
		d.clens--
	}
	d.bits += 3 * d.clens
}

// pack writes runs of equal lengths as repetitions.
func (d *description) pack(lengths []uint8) {
	d.count = 0
	clear(d.freq[:])
	for i := 0; i < len(lengths); {
		n := lengths[i]
		times := 1
		for i+times < len(lengths) && lengths[i+times] == n {
			times++
		}
		i += times
		if n == 0 {
			for times >= 11 {
				times -= d.repeat(clenZeros2, times, 11, 138)
			}
			if times >= 3 {
				times -= d.repeat(clenZeros, times, 3, 10)
			}
		} else {
			d.add(n, 0)
			times--
			for times >= 3 {
				times -= d.repeat(clenRepeat, times, 3, 6)
			}
		}
		for ; times > 0; times-- {
			d.add(n, 0)
		}
	}
}

// repeat adds a symbol that stands for least to most repetitions and returns how many it stands for.
func (d *description) repeat(symbol uint8, times, least, most int) int {
	times = min(times, most)
	d.add(symbol, uint8(times-least))
	return times
}

func (d *description) add(symbol, extra uint8) {
	d.items[d.count] = clenItem{symbol, extra}
	d.count++
	d.freq[symbol]++
}

// write appends the description.
func (d *description) write(w *bitWriter) {
	w.put(uint64(d.litLens-firstLength), 5)
	w.put(uint64(d.dists-1), 5)
	w.put(uint64(d.clens-4), 4)
	for _, s := range clenOrder[:d.clens] {
		w.put(uint64(d.clen[s]), 3)
	}
	assignCodes(d.codes[:], d.clen[:])
	for _, item := range d.items[:d.count] {
		c := d.codes[item.symbol]
		w.put(uint64(c.bits)|uint64(item.extra)<<c.n, uint(c.n+clenExtraBits[item.symbol]))
	}
}
