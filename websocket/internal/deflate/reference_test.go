package deflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
)

// What RFC 7692 section 7.2.1 takes from the end of a message, and a last block, for decoders that want one.
const (
	tail  = "\x00\x00\xff\xff"
	final = "\x01\x00\x00\xff\xff"
)

// stdInflate decompresses a message with compress/flate, which knows neither that messages end before their last four bytes nor
// that a block may follow a final one. earlier is what the messages before stood for.
func stdInflate(earlier, message []byte) (out []byte, ok bool) {
	for {
		dict := append(bytes.Clone(earlier), out...)
		dict = dict[max(0, len(dict)-maxWindow):]
		r := bytes.NewReader(append(bytes.Clone(message), tail+final...))
		whole, err := io.ReadAll(flate.NewReaderDict(r, dict))
		if err != nil {
			return nil, false
		}
		alone, _ := io.ReadAll(flate.NewReaderDict(bytes.NewReader(message), dict))
		if !bytes.Equal(alone, whole) { // what was added was taken for data
			return nil, false
		}
		out = append(out, whole...)
		switch left := r.Len() - len(tail+final); {
		case left > 0:
			message = message[len(message)-left:]
		case left == 0 || r.Len() == 0 || r.Len() == len(final):
			return out, true
		default:
			return nil, false
		}
	}
}

// bitstream reads bits one at a time.
type bitstream struct {
	src []byte
	pos int // in bits
}

var errEnd = errors.New("the message ends too early")

func (b *bitstream) bits(n int) (v int) {
	for i := range n {
		if b.pos == 8*len(b.src) {
			panic(errEnd)
		}
		v |= int(b.src[b.pos/8]>>(b.pos%8)&1) << i
		b.pos++
	}
	return v
}

func (b *bitstream) align() { b.pos = (b.pos + 7) / 8 * 8 }

// codebook has the symbols by their codes, each with a 1 before it.
type codebook map[int]int

// newCodebook is the definition of the canonical code (RFC 1951 section 3.2.2).
func newCodebook(lengths []int) codebook {
	book := codebook{}
	code := 0
	for n := 1; n <= 15; n++ {
		for s, l := range lengths {
			if l == n {
				book[1<<n|code] = s
				code++
			}
		}
		code <<= 1
	}
	return book
}

func (b *bitstream) symbol(book codebook) int {
	code := 1
	for range 15 {
		code = code<<1 | b.bits(1)
		if s, ok := book[code]; ok {
			return s
		}
	}
	panic(errors.New("no such code"))
}

// inspection is what a message that our encoder made turned out to be.
type inspection struct {
	out      []byte
	farthest int    // the longest distance
	blocks   [3]int // by type
}

// inspect decompresses a message step by step as RFC 1951 describes it, sharing nothing with the decoder. It is slow, and trusts
// that codes are complete.
func inspect(earlier, message []byte) (in inspection, err error) {
	b := &bitstream{src: message}
	all := bytes.Clone(earlier)
	defer func() {
		if e, ok := recover().(error); ok {
			err = e
		}
	}()
	for {
		last, kind := b.bits(1), b.bits(2)
		if kind == 0 && (b.pos+7)/8 == len(message) {
			in.out = all[len(earlier):]
			return in, nil
		}
		if last == 1 || kind == 3 {
			return in, errors.New("a kind of block that the encoder doesn't make")
		}
		in.blocks[kind]++
		if kind == 0 {
			b.align()
			n, complement := b.bits(16), b.bits(16)
			if n^complement != 0xffff {
				return in, errors.New("stored lengths disagree")
			}
			for range n {
				all = append(all, byte(b.bits(8)))
			}
			continue
		}
		litLen, dist := fixedLitLenBook, fixedDistBook
		if kind == 2 {
			litLen, dist = b.description()
		}
		for {
			s := b.symbol(litLen)
			if s < 256 {
				all = append(all, byte(s))
				continue
			}
			if s == 256 {
				break
			}
			length := []int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}[s-257]
			if s > 264 && s < 285 {
				length += b.bits((s - 261) / 4)
			}
			d := b.symbol(dist)
			distance := []int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
				8193, 12289, 16385, 24577}[d]
			if d > 3 {
				distance += b.bits(d/2 - 1)
			}
			in.farthest = max(in.farthest, distance)
			for range length {
				all = append(all, all[len(all)-distance])
			}
		}
	}
}

var fixedLitLenBook, fixedDistBook = makeFixedBooks()

func makeFixedBooks() (codebook, codebook) {
	var litLen, dist []int
	for s := range 288 {
		n := 8
		if s >= 144 && s < 256 {
			n = 9
		} else if s >= 256 && s < 280 {
			n = 7
		}
		litLen = append(litLen, n)
	}
	for range 32 {
		dist = append(dist, 5)
	}
	return newCodebook(litLen), newCodebook(dist)
}

func (b *bitstream) description() (litLen, dist codebook) {
	nLitLen, nDist, n := b.bits(5)+257, b.bits(5)+1, b.bits(4)+4
	clen := make([]int, 19)
	for _, s := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}[:n] {
		clen[s] = b.bits(3)
	}
	book := newCodebook(clen)
	var all []int
	for len(all) < nLitLen+nDist {
		s, times, value := b.symbol(book), 1, 0
		switch {
		case s == 16:
			times, value = 3+b.bits(2), all[len(all)-1]
		case s == 17:
			times = 3 + b.bits(3)
		case s == 18:
			times = 11 + b.bits(7)
		default:
			value = s
		}
		for range times {
			all = append(all, value)
		}
	}
	if len(all) != nLitLen+nDist {
		panic(errors.New("too many code lengths"))
	}
	return newCodebook(all[:nLitLen]), newCodebook(all[nLitLen:])
}
