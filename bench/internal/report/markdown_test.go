package report

import (
	"strings"
	"testing"
	"time"
)

func TestATableOfRatesBeginsWithTheBest(t *testing.T) {
	got := rates().Markdown()
	want := `### echo <64 B> & more

| | echoes per server CPU second: median (min–max) | of the best peer | messages per second | latency p50 / p99, ms | p99 ÷ p50 | busy: server / client |
|---|---:|---:|---:|---:|---:|---:|
| limit | 400k (400k–400k) | 2.00× | 400k | 1.0 / 1.0 | 1.0 | 0 % / 0 % |
| **ours** | 300k (290k–310k) | 1.50× | 250k | 1.0 / 2.5 | 2.5 | 90 % / 80 % |
| fast | 200k (150k–220k) | 1.00× | 180k | 1.0 / 1.0 | 1.0 | 0 % / 0 % |
| slow | 100k (100k–100k) | 0.50× | 90.0k | 1.0 / 400 | 400 | 0 % / 0 % |
| broken | failed: it \| failed badly |
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestATableOfMemoryBeginsWithTheLeast(t *testing.T) {
	table := &Table{Title: "idle", Unit: "bytes", Memory: true, Rows: []Row{
		{Peer: "fat", Role: Rival, Value: values(24_000, 24_000, 24_000)},
		{Peer: "lean", Role: Rival, Value: values(6_000, 5_900, 6_100)},
		{Peer: "ours", Role: Own, Value: values(3_000, 3_000, 3_000)},
	}}
	want := `### idle

| | bytes: median (min–max) | of the best peer |
|---|---:|---:|
| **ours** | 3.00k (3.00k–3.00k) | 0.50× |
| lean | 6.00k (5.90k–6.10k) | 1.00× |
| fat | 24.0k (24.0k–24.0k) | 4.00× |
`
	if got := table.Markdown(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWithoutARivalThereIsNoRatio(t *testing.T) {
	table := &Table{Rows: []Row{{Peer: "ours", Role: Own, Value: values(1, 1, 1)}}}
	if got := table.Markdown(); !strings.Contains(got, "| – |") {
		t.Error(got)
	}
}

func TestNumbersAreShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.5: "0.500", 9.994: "9.99", 91.23: "91.2", 999.4: "999", 1000: "1.00k", 151_234: "151k", 999_499: "999k", 999_500: "1.00M", 2_312_000: "2.31M",
	} {
		if got := short(v); got != want {
			t.Errorf("short(%v) = %q; want %q", v, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0", 91 * time.Microsecond: "0.091", 5440 * time.Microsecond: "5.4", 390 * time.Millisecond: "390"} {
		if got := milliseconds(d); got != want {
			t.Errorf("milliseconds(%v) = %q; want %q", d, got, want)
		}
	}
}
