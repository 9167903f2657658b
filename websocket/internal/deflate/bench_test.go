package deflate

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"testing"
	"time"
)

// perMessage runs f over messages, rounds times, and returns the time of one, in nanoseconds.
func perMessage(rounds int, messages [][]byte, f func(m []byte)) float64 {
	start := time.Now()
	for range rounds {
		for _, m := range messages {
			f(m)
		}
	}
	return float64(time.Since(start)) / float64(rounds*len(messages))
}

// BenchmarkEncoder compresses a chat. Beside the time per message it prints the size in percent of the messages, and the memory that
// the connection keeps.
func BenchmarkEncoder(b *testing.B) {
	messages := chatMessages(4096)
	for _, c := range []Context{{13, false}, {11, true}, {12, true}, {13, true}, {14, true}, {15, true}} {
		b.Run(fmt.Sprintf("window=%d/takeover=%v", 1<<c.WindowBits, c.Takeover), func(b *testing.B) {
			var e Encoder
			e.Init(c)
			small := make([]byte, 0, Bound(1000))
			in, out, i := 0, 0, 0
			b.ReportAllocs()
			for b.Loop() {
				m := messages[i%len(messages)]
				small = e.Append(small[:0], m)
				e.Note(m)
				in += len(m)
				out += len(small)
				i++
			}
			b.ReportMetric(100*float64(out)/float64(in), "%size")
			b.ReportMetric(float64(cap(e.earlier.buf)+8*cap(e.buckets)), "B-kept")
		})
	}
}

// BenchmarkStandardEncoder is the same by compress/flate in the ways in which other libraries use it: a writer for each connection, a
// pooled writer that is reset, and a pooled writer that gets the last 32 KiB as its dictionary. The last is done with a new
// writer each time, for want of a way to reset one with a dictionary; its size is what counts.
func BenchmarkStandardEncoder(b *testing.B) {
	messages := chatMessages(4096)
	for _, level := range []int{1, 2, 6} {
		for _, takeover := range []bool{true, false} {
			b.Run(fmt.Sprintf("level=%d/takeover=%v", level, takeover), func(b *testing.B) {
				w := newStdWriter(level, takeover)
				in, out, i := 0, 0, 0
				for b.Loop() {
					m := messages[i%len(messages)]
					in += len(m)
					out += w.size(m)
					i++
				}
				b.ReportMetric(100*float64(out)/float64(in), "%size")
			})
		}
		b.Run(fmt.Sprintf("level=%d/dictionary", level), func(b *testing.B) {
			var dict []byte
			in, out, i := 0, 0, 0
			for b.Loop() {
				m := messages[i%len(messages)]
				var buf bytes.Buffer
				w, _ := flate.NewWriterDict(&buf, level, dict)
				w.Write(m)
				w.Flush()
				dict = append(dict, m...)
				dict = dict[max(0, len(dict)-maxWindow):]
				in += len(m)
				out += buf.Len() - len(tail)
				i++
			}
			b.ReportMetric(100*float64(out)/float64(in), "%size")
		})
	}
}

// BenchmarkAgainstStandard alternates between the encoder and compress/flate and prints how many times their time it takes: below 1 it
// is faster.
func BenchmarkAgainstStandard(b *testing.B) {
	messages := chatMessages(1024)
	for _, takeover := range []bool{true, false} {
		for _, level := range []int{1, 2, 6} {
			b.Run(fmt.Sprintf("takeover=%v/level=%d", takeover, level), func(b *testing.B) {
				var e Encoder
				e.Init(Context{13, takeover})
				small := make([]byte, 0, Bound(1000))
				w := newStdWriter(level, takeover)
				ours, theirs, out, std := 0.0, 0.0, 0, 0
				for b.Loop() {
					ours += perMessage(1, messages, func(m []byte) {
						small = e.Append(small[:0], m)
						e.Note(m)
						out += len(small)
					})
					theirs += perMessage(1, messages, func(m []byte) { std += w.size(m) })
				}
				b.ReportMetric(ours/theirs, "x-time")
				b.ReportMetric(float64(out)/float64(std), "x-size")
			})
		}
	}
}

// BenchmarkShared compresses one message for many connections, and has one of them note it.
func BenchmarkShared(b *testing.B) {
	messages := chatMessages(4096)
	small := make([]byte, 0, Bound(1000))
	b.Run("compress", func(b *testing.B) {
		i := 0
		for b.Loop() {
			small = AppendShared(small[:0], messages[i%len(messages)], 12)
			i++
		}
	})
	b.Run("note", func(b *testing.B) {
		var e Encoder
		e.Init(Context{13, true})
		e.Append(nil, nil)
		i := 0
		for b.Loop() {
			e.Note(messages[i%len(messages)])
			i++
		}
	})
}

// BenchmarkDecoder decompresses a chat, and prints how many times the time compress/flate takes: below 1 it is faster.
func BenchmarkDecoder(b *testing.B) {
	messages := chatMessages(1024)
	for _, c := range []Context{{15, true}, {12, true}, {15, false}} {
		b.Run(fmt.Sprintf("window=%d/takeover=%v", 1<<c.WindowBits, c.Takeover), func(b *testing.B) {
			var e Encoder
			e.Init(c)
			var all, long [][]byte
			for _, m := range messages {
				small := e.Append(nil, m)
				e.Note(m)
				all, long = append(all, small), append(long, append(bytes.Clone(small), tail+final...))
			}
			var d Decoder
			plain := make([]byte, 1000)
			std := flate.NewReader(nil)
			src := bytes.NewReader(nil)
			ours, theirs := 0.0, 0.0
			b.ReportAllocs()
			for b.Loop() {
				d.Init(c, Limits{MaxBytes: 1 << 20, MaxRatio: 200})
				ours += perMessage(1, all, func(m []byte) { plain, _ = d.Append(plain[:0], m) })
				dict := make([]byte, 0, 2*maxWindow)
				plain = plain[:cap(plain)]
				theirs += perMessage(1, long, func(m []byte) {
					src.Reset(m)
					std.(flate.Resetter).Reset(src, dict)
					n, _ := io.ReadFull(std, plain)
					if c.Takeover {
						if len(dict)+n > cap(dict) {
							dict = dict[:copy(dict, dict[len(dict)-maxWindow:])]
						}
						dict = append(dict, plain[:n]...)
					}
				})
			}
			b.ReportMetric(ours/float64(b.N), "ns/message")
			b.ReportMetric(theirs/float64(b.N), "ns/std")
			b.ReportMetric(ours/theirs, "x-time")
		})
	}
}
