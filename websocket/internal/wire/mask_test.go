package wire

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// maskByDefinition is RFC 6455 section 5.3 word for word.
func maskByDefinition(b []byte, key [4]byte, pos int) int {
	for i := range b {
		b[i] ^= key[(pos+i)%4]
	}
	return (pos + len(b)) % 4
}

func TestMaskIsItsDefinitionAtEveryOffsetAndLength(t *testing.T) {
	keys := [][4]byte{{0, 0, 0, 0}, {0, 0, 0, 1}, {1, 2, 3, 4}, {0xff, 0xfe, 0xfd, 0xfc}}
	for _, key := range keys {
		for length := range 301 {
			for pos := range 4 {
				const margin = 9 // odd, so that words are not aligned
				got := bytes.Repeat([]byte{0xa5, 0x5a, 0x0f}, 110)
				want := bytes.Clone(got)
				newPos := Mask(got[margin:margin+length], key, pos)
				wantPos := maskByDefinition(want[margin:margin+length], key, pos)
				if !bytes.Equal(got, want) || newPos != wantPos {
					t.Fatalf("key %v, %d bytes from position %d: not the definition, or bytes outside were changed", key, length, pos)
				}
			}
		}
	}
}

func TestMaskInPiecesIsMaskInOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "payload")
		key := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "key"))
		pieces := bytes.Clone(whole)
		maskByDefinition(whole, key, 0)
		pos := 0
		for rest := pieces; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			pos = Mask(rest[:n], key, pos)
			rest = rest[n:]
		}
		if !bytes.Equal(pieces, whole) {
			t.Fatal("the pieces differ from the whole")
		}
	})
}

// perOp runs f often enough to be measured, n times at least, and returns the time of one run.
func perOp(n int, f func()) float64 {
	start := time.Now()
	for range n {
		f()
	}
	return float64(time.Since(start)) / float64(n)
}

// BenchmarkMask prints how many times as fast as the definition Mask is.
func BenchmarkMask(b *testing.B) {
	key := [4]byte{1, 2, 3, 4}
	for _, size := range []int{7, 32, 125, 1024, 16 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			buf := make([]byte, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				Mask(buf, key, 1)
			}
			ours := float64(b.Elapsed()) / float64(b.N)
			b.ReportMetric(perOp(b.N/10+1, func() { maskByDefinition(buf, key, 1) })/ours, "x-definition")
		})
	}
}
