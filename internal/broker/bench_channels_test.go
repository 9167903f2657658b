package broker

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// BenchmarkManyChannels stores 10 messages in each of 100,000 channels, and starts again with them.
// The memory is the process's, with the writing side of the benchmark in it; after the restart it is
// measured once what is free has been given back.
func BenchmarkManyChannels(b *testing.B) {
	const channels, each = 100_000, 10
	payload := strings.Repeat("x", 200)
	for b.Loop() {
		dir := b.TempDir()
		broker := open(b, Config{Dir: dir})
		l := openLog(b, broker, "many/#", Retention{Count: 1000, Age: 24 * time.Hour})
		var stored sync.WaitGroup
		stored.Add(channels * each)
		start := time.Now()
		for i := range channels * each {
			m := text(channel.Name(fmt.Sprint("many/", i%channels)), payload)
			l.Append(context.Background(), m, func(_ Ack, err error) {
				if err != nil {
					b.Error(err)
				}
				stored.Done()
			})
		}
		stored.Wait()
		b.ReportMetric(channels*each/time.Since(start).Seconds(), "stored/s")
		b.ReportMetric(residentMiB(b), "MiB-after-storing")
		debug.FreeOSMemory()
		b.ReportMetric(residentMiB(b), "MiB-in-use")
		shut(b, broker)
		debug.FreeOSMemory()

		start = time.Now()
		again := open(b, Config{Dir: dir})
		l = openLog(b, again, "many/#", Retention{Count: 1000, Age: 24 * time.Hour})
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-start")
		debug.FreeOSMemory()
		b.ReportMetric(residentMiB(b), "MiB-after-start")

		start = time.Now()
		const reads = 1000
		for i := range reads {
			page := read(b, l, channel.Pattern(fmt.Sprint("many/", i*97)), 0, 100)
			if len(page.Messages) != each {
				b.Fatalf("a channel has %d messages", len(page.Messages))
			}
		}
		b.ReportMetric(float64(time.Since(start).Microseconds())/reads, "µs/history")
		shut(b, again)
	}
}

// residentMiB returns the process's resident memory, from /proc.
func residentMiB(b *testing.B) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("VmRSS:"))
	var kib float64
	if _, err := fmt.Sscan(string(rest), &kib); err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}
