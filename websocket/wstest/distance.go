package wstest

import (
	"errors"
	"slices"
)

// errDeflate is returned for bytes that are not DEFLATE (RFC 1951).
var errDeflate = errors.New("it is not a DEFLATE stream of whole blocks")

// longestDistance returns how far back the farthest reference in a DEFLATE stream goes: what
// compress/flate does not tell, and what an agreed window bounds. Blocks must end where the stream
// does; one with BFINAL set may be followed by others, as RFC 7692 section 7.2.3.4 has it.
func longestDistance(stream []byte) (int, error) {
	s := &symbols{bits: bitReader{data: stream}}
	for !s.bits.atEnd() {
		if err := s.block(); err != nil {
			return 0, err
		}
	}
	return s.farthest, nil
}

// symbols reads the symbols of a stream without putting its bytes together.
type symbols struct {
	bits     bitReader
	farthest int
}

func (s *symbols) block() error {
	final := s.bits.take(1)
	var err error
	switch s.bits.take(2) {
	case 0:
		s.bits.align()
		n, check := s.bits.take(16), s.bits.take(16)
		if n^check != 0xFFFF || s.bits.skip(n) {
			return errDeflate
		}
	case 1:
		err = s.compressed(fixedLiterals, fixedDistances)
	case 2:
		var literals, distances huffman
		if literals, distances, err = s.tables(); err == nil {
			err = s.compressed(literals, distances)
		}
	default:
		return errDeflate
	}
	if final == 1 {
		s.bits.align()
	}
	if err == nil && s.bits.short {
		err = errDeflate
	}
	return err
}

// compressed reads the symbols of a block up to its end.
func (s *symbols) compressed(literals, distances huffman) error {
	for !s.bits.short {
		symbol := s.bits.symbol(literals)
		switch {
		case symbol == 256:
			return nil
		case symbol > 256:
			if symbol -= 257; symbol >= len(lengthExtra) {
				return errDeflate
			}
			s.bits.take(lengthExtra[symbol])
			d := s.bits.symbol(distances)
			if d < 0 || d >= 30 {
				return errDeflate
			}
			extra := max(0, d/2-1)
			distance := d + 1
			if d > 3 {
				distance = (2+d%2)<<extra + 1
			}
			s.farthest = max(s.farthest, distance+s.bits.take(extra))
		case symbol < 0:
			return errDeflate
		}
	}
	return errDeflate
}

// tables reads the codes of a block with codes of its own (RFC 1951 section 3.2.7).
func (s *symbols) tables() (literals, distances huffman, err error) {
	order := [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	nLiterals, nDistances, nLengths := s.bits.take(5)+257, s.bits.take(5)+1, s.bits.take(4)+4
	var lengthLengths [19]int
	for _, at := range order[:nLengths] {
		lengthLengths[at] = s.bits.take(3)
	}
	code := newHuffman(lengthLengths[:])
	var lengths []int
	for len(lengths) < nLiterals+nDistances {
		symbol, repeat, times := s.bits.symbol(code), 0, 1
		switch {
		case symbol < 0 || symbol == 16 && len(lengths) == 0:
			return literals, distances, errDeflate
		case symbol == 16:
			repeat, times = lengths[len(lengths)-1], 3+s.bits.take(2)
		case symbol == 17:
			times = 3 + s.bits.take(3)
		case symbol == 18:
			times = 11 + s.bits.take(7)
		default:
			repeat = symbol
		}
		lengths = append(lengths, slices.Repeat([]int{repeat}, times)...)
	}
	if len(lengths) > nLiterals+nDistances {
		return literals, distances, errDeflate
	}
	return newHuffman(lengths[:nLiterals]), newHuffman(lengths[nLiterals:]), nil
}

// lengthExtra is how many bits follow the symbols of lengths, 257 to 285.
var lengthExtra = [29]int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}

var (
	fixedLiterals = newHuffman(slices.Concat(slices.Repeat([]int{8}, 144), slices.Repeat([]int{9}, 112),
		slices.Repeat([]int{7}, 24), slices.Repeat([]int{8}, 8)))
	fixedDistances = newHuffman(slices.Repeat([]int{5}, 30))
)

// huffman is a canonical code: how many symbols have each length, and the symbols by length.
type huffman struct {
	count   [16]int
	symbols []int
}

func newHuffman(lengths []int) huffman {
	var h huffman
	for length := 1; length < len(h.count); length++ {
		for symbol, l := range lengths {
			if l == length {
				h.count[length]++
				h.symbols = append(h.symbols, symbol)
			}
		}
	}
	return h
}

// bitReader reads bits, the least significant first.
type bitReader struct {
	data  []byte
	at    int  // in bits
	short bool // more was asked for than there is
}

func (b *bitReader) atEnd() bool { return b.short || b.at >= 8*len(b.data) }

func (b *bitReader) take(n int) (value int) {
	for i := range n {
		if b.at >= 8*len(b.data) {
			b.short = true
			return 0
		}
		value |= int(b.data[b.at/8]>>(b.at%8)&1) << i
		b.at++
	}
	return value
}

func (b *bitReader) align() { b.at = (b.at + 7) &^ 7 }

// skip passes over n bytes and reports whether there are too few.
func (b *bitReader) skip(n int) (short bool) {
	b.at += 8 * n
	return b.at > 8*len(b.data)
}

// symbol reads one symbol, or returns -1 if none is meant.
func (b *bitReader) symbol(h huffman) int {
	code, first, index := 0, 0, 0
	for _, count := range h.count[1:] {
		code |= b.take(1)
		if code-first < count {
			return h.symbols[index+code-first]
		}
		index += count
		first = (first + count) << 1
		code <<= 1
	}
	return -1
}
