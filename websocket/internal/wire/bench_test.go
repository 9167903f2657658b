package wire

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkParser reads one masked text message per turn; the copy that restores the masked bytes is part of the time. It
// prints how many times the cost of that copy a message takes.
func BenchmarkParser(b *testing.B) {
	for _, size := range []int{16, 125, 1024, 64 << 10} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			input := frame{finBit | byte(Text), strings.Repeat("x", size), true}.bytes()
			buf := make([]byte, len(input))
			var p Parser
			p.Init(Server, 1<<20)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				copy(buf, input)
				if _, n, err := p.Next(buf); n != len(buf) || err != nil {
					b.Fatal(n, err)
				}
			}
			ours := float64(b.Elapsed()) / float64(b.N)
			b.ReportMetric(ours/perOp(b.N/10+1, func() { copy(buf, input) }), "x-copy")
		})
	}
}
