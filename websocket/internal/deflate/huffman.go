package deflate

import "slices"

// symbolCode is how a symbol is written: the bits of its code, first one lowest, and their number.
type symbolCode struct {
	bits uint16
	n    uint8
}

// lengthMaker finds the best code for given frequencies. It holds what it works with, so that it allocates nothing.
type lengthMaker struct {
	nodes   [litLenCount]uint32
	symbols [litLenCount]uint16
	starts  [manySame]uint16
}

// make sets lengths to the lengths of the codes, at most maxBits, with which symbols of the given frequencies need the fewest bits
// (fewest but for rare cases where the limit matters), and returns how many; 0 for symbols that do not occur. At
// least two symbols get a code, because some decoders refuse codes that leave bits without a meaning.
func (m *lengthMaker) make(lengths []uint8, freq []uint32, maxBits int) (bits int) {
	n := m.sort(freq)
	nodes, symbols := m.nodes[:n], m.symbols[:n]
	depths(nodes)
	var counts [32]int // of codes, by length: a leaf so deep would need a block of millions of tokens
	for _, d := range nodes {
		counts[d]++
	}
	limitDepths(counts[:nodes[0]+1], maxBits)
	clear(lengths)
	for l := 1; n > 0; l++ { // the most frequent symbols get the shortest codes
		for range counts[l] {
			n--
			s := symbols[n]
			lengths[s] = uint8(l)
			bits += int(freq[s]) * l
		}
	}
	return bits
}

// manySame is the frequency from which symbols are sorted by comparing; lower ones are counted.
const manySame = 32

// sort puts the symbols that occur, and others if there are fewer than two, into m.symbols in the order of their frequencies, and these
// into m.nodes. It returns their number.
func (m *lengthMaker) sort(freq []uint32) (n int) {
	clear(m.starts[:])
	for s, f := range freq {
		if f > 0 {
			m.symbols[n] = uint16(s)
			n++
			m.starts[min(f, manySame-1)]++
		}
	}
	for s := uint16(0); n < 2; s++ {
		if freq[s] == 0 {
			m.symbols[n] = s
			n++
			m.starts[1]++
		}
	}
	at := uint16(0)
	for f, count := range m.starts {
		m.starts[f] = at
		at += count
	}
	for _, s := range m.symbols[:n] {
		f := max(freq[s], 1)
		bucket := min(f, manySame-1)
		m.nodes[m.starts[bucket]] = f<<9 | uint32(s) // a block has few enough symbols for f to fit
		m.starts[bucket]++
	}
	slices.Sort(m.nodes[m.starts[manySame-2]:n])
	for i, v := range m.nodes[:n] {
		m.symbols[i] = uint16(v & 511)
		m.nodes[i] = v >> 9
	}
	return n
}

// depths replaces frequencies in rising order by the depths of the leaves of their Huffman tree, in falling order: the method in place
// of Moffat and Katajainen ("In-Place Calculation of Minimum-Redundancy Codes", 1995).
func depths(a []uint32) {
	n := len(a)
	a[0] += a[1]
	// First, the parents of the inner nodes: a[:next] are inner nodes, a[leaf:] the leaves without a parent.
	root, leaf := 0, 2
	for next := 1; next < n-1; next++ {
		a[next] = 0
		for range 2 {
			if leaf >= n || root < next && a[root] < a[leaf] {
				a[next] += a[root]
				a[root] = uint32(next)
				root++
			} else {
				a[next] += a[leaf]
				leaf++
			}
		}
	}
	// Then the depths of the inner nodes, from the top.
	a[n-2] = 0
	for next := n - 3; next >= 0; next-- {
		a[next] = a[a[next]] + 1
	}
	// Then those of the leaves: whatever places of a level the inner nodes leave.
	inner, next := n-2, n-1
	for places, depth := 1, uint32(0); places > 0; depth++ {
		used := 0
		for inner >= 0 && a[inner] == depth {
			used++
			inner--
		}
		for ; places > used; places-- {
			a[next] = depth
			next--
		}
		places = 2 * used
	}
}

// limitDepths changes the numbers of codes of each length so that none is longer than maxBits: longer ones get that length, and for
// every two places too many, a shorter code moves down a level and takes one of them beside it.
func limitDepths(counts []int, maxBits int) {
	if len(counts) <= maxBits+1 {
		return
	}
	for l, n := range counts[maxBits+1:] {
		counts[maxBits] += n
		counts[maxBits+1+l] = 0
	}
	taken := 0 // of the 1<<maxBits codes of that length
	for l := 1; l <= maxBits; l++ {
		taken += counts[l] << (maxBits - l)
	}
	for ; taken > 1<<maxBits; taken-- {
		l := maxBits - 1
		for counts[l] == 0 {
			l--
		}
		counts[l]--
		counts[l+1] += 2
		counts[maxBits]--
	}
}

// assignCodes gives every symbol that has a length its code (RFC 1951 section 3.2.2).
func assignCodes(codes []symbolCode, lengths []uint8) {
	var counts, next [maxCodeBits + 1]uint16
	for _, n := range lengths {
		if n > 0 { // most are not
			counts[n]++
		}
	}
	for n := 1; n <= maxCodeBits; n++ {
		next[n] = (next[n-1] + counts[n-1]) << 1
	}
	for s, n := range lengths {
		if n > 0 {
			codes[s] = symbolCode{reversed(next[n], n), n}
			next[n]++
		}
	}
}
