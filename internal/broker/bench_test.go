package broker

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// BenchmarkAppend measures storing with acknowledgement: one at a time, and pipelined from several
// goroutines while the live feed is followed, as it is in the server.
func BenchmarkAppend(b *testing.B) {
	payload := make([]byte, 128)
	message := func(i int) *Message {
		return &Message{Channel: channel.Name(fmt.Sprint("bench/", i%100)), Type: websocket.Text, Payload: payload, Source: "3f9a2c"}
	}
	b.Run("alone", func(b *testing.B) {
		l := openLog(b, open(b, Config{}), "bench/#", Retention{Count: 1000, Age: 24 * time.Hour})
		took := make([]time.Duration, 0, b.N)
		for i := range b.N {
			start := time.Now()
			if _, err := store(l, message(i)); err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(start))
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	})
	for _, withID := range []bool{false, true} {
		for _, follow := range []bool{false, true} {
			b.Run(fmt.Sprintf("pipelined/id=%v/followed=%v", withID, follow), func(b *testing.B) {
				l := openLog(b, open(b, Config{}), "bench/#", Retention{Count: 1000, Age: 24 * time.Hour})
				var live atomic.Int64
				if follow {
					defer l.Follow(func(batch []Live) { live.Add(int64(len(batch))) })()
				}
				const goroutines = 4
				var group, acks sync.WaitGroup
				var failed atomic.Int64
				acks.Add(b.N)
				b.ResetTimer()
				for g := range goroutines {
					group.Go(func() {
						for i := g; i < b.N; i += goroutines {
							m := message(i)
							if withID {
								m.ID = fmt.Sprint("id-", i)
							}
							l.Append(context.Background(), m, func(_ Ack, err error) {
								if err != nil {
									failed.Add(1)
								}
								acks.Done()
							})
						}
					})
				}
				group.Wait()
				acks.Wait()
				b.StopTimer()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
				if n := failed.Load(); n > 0 {
					b.Errorf("%d failed", n)
				}
				if follow {
					b.ReportMetric(float64(live.Load())/float64(b.N), "live/msg")
				}
			})
		}
	}
}
