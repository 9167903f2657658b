package deflate

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// huffmanBits returns how many bits the best code without a limit takes: every merger of the two rarest nodes adds a bit to what is
// below it.
func huffmanBits(freq []uint32) (bits int) {
	var nodes []uint32
	for _, f := range freq {
		if f > 0 {
			nodes = append(nodes, f)
		}
	}
	for len(nodes) > 1 {
		slices.Sort(nodes)
		sum := nodes[0] + nodes[1]
		bits += int(sum)
		nodes = append(nodes[2:], sum)
	}
	return bits
}

var anyFrequencies = rapid.OneOf(
	rapid.SliceOfN(rapid.Uint32Range(0, 3), 2, litLenCount),
	rapid.SliceOfN(rapid.Uint32Range(0, 60), 2, litLenCount),
	rapid.Map(rapid.SliceOfN(rapid.Uint32Range(0, 13), 2, 40), func(powers []uint32) []uint32 {
		for i, p := range powers {
			powers[i] = 1 << p >> 1
		}
		return powers
	}),
	rapid.Map(rapid.IntRange(2, 17), func(n int) []uint32 { // the deepest tree
		f := []uint32{1, 1}
		for len(f) < n {
			f = append(f, f[len(f)-1]+f[len(f)-2])
		}
		return f
	}))

func TestCodeLengthsAreTheBestWithinTheLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		freq := anyFrequencies.Draw(t, "frequencies")
		most := rapid.SampledFrom([]int{clenCodeBits, maxCodeBits}).Draw(t, "limit")
		if len(freq) > 1<<most {
			freq = freq[:1<<most]
		}
		var m lengthMaker
		lengths := make([]uint8, len(freq))
		bits := m.make(lengths, freq, most)

		space, used, longest, want := 0, 0, 0, 0
		for s, n := range lengths {
			if freq[s] > 0 && n == 0 {
				t.Fatalf("symbol %d has no code", s)
			}
			if n > 0 {
				used++
				space += 1 << (maxCodeBits - n)
			}
			longest = max(longest, int(n))
			want += int(n) * int(freq[s])
		}
		best := huffmanBits(freq)
		switch {
		case longest > most:
			t.Fatalf("a code of %d bits", longest)
		case used < 2 || space != 1<<maxCodeBits:
			t.Fatalf("the code is not complete: %v", lengths)
		case bits != want:
			t.Fatalf("%d bits, said to be %d", want, bits)
		case bits < best && used > 2, bits > best && longest < most && best > 0 && used > 2:
			t.Fatalf("%d bits, the best code takes %d", bits, best)
		}
	})
}

// Where the limit matters, the code need not be the best, but must not be far from it.
func TestLimitedCodesAreGood(t *testing.T) {
	var freq []uint32
	for a, b := uint32(1), uint32(1); len(freq) < 18; a, b = b, a+b {
		freq = append(freq, a)
	}
	var m lengthMaker
	lengths := make([]uint8, len(freq))
	got, best := m.make(lengths, freq, maxCodeBits), huffmanBits(freq)
	if got > best+best/100 {
		t.Errorf("%d bits, without a limit %d", got, best)
	}
}

func TestEverySymbolOfAnyCodeIsDecoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		freq := anyFrequencies.Draw(t, "frequencies")
		var m lengthMaker
		lengths := make([]uint8, len(freq))
		m.make(lengths, freq, maxCodeBits)
		codes := make([]symbolCode, len(freq))
		assignCodes(codes, lengths)
		var table decodeTable
		if !table.init(lengths, litLenEntries[:], maxCodeBits) {
			t.Fatalf("refused: %v", lengths)
		}
		for s, c := range codes {
			if c.n == 0 {
				continue
			}
			noise := rapid.Uint64().Draw(t, "what follows")
			acc := uint64(c.bits) | noise<<c.n
			e := table.root[acc&rootMask]
			if (e == 0) != (c.n > rootBits) {
				t.Fatalf("symbol %d, %d bits: %x", s, c.n, e)
			}
			if e == 0 {
				e = table.long(acc)
			}
			if e != litLenEntries[s]|entry(c.n) {
				t.Fatalf("symbol %d: got %x, want %x", s, e, litLenEntries[s])
			}
		}
	})
}

// RFC 1951 section 3.2.7 allows a distance code of one symbol, with one bit of which the other value means nothing, and of none.
func TestACodeOfOneSymbolLeavesABitWithoutMeaning(t *testing.T) {
	var table decodeTable
	if !table.init([]uint8{0, 1, 0}, distEntries[:], maxCodeBits) {
		t.Fatal("refused")
	}
	if e := table.root[0]; e != distEntries[1]|1 {
		t.Errorf("0 means %x", e)
	}
	if table.root[1] != 0 || table.long(1) != 0 {
		t.Error("1 means something")
	}
	if !table.init([]uint8{0, 0, 0}, distEntries[:], maxCodeBits) {
		t.Fatal("the empty code is refused")
	}
	if table.root[0] != 0 || table.root[1] != 0 || table.long(0) != 0 {
		t.Error("a bit of the empty code means something")
	}
	if table.init([]uint8{0, 2, 0}, distEntries[:], maxCodeBits) {
		t.Error("a code of one symbol of two bits is accepted")
	}
}
