package config

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDurationsMayBeWholeDays(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"7d": 7 * 24 * time.Hour, "0d": 0, "1h30m": 90 * time.Minute, "200ms": 200 * time.Millisecond, "0": 0, "-1s": -time.Second,
		"106751d": 106751 * 24 * time.Hour,
	} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "d", "1.5d", "1d12h", "30", "1 h", "106752d", "9999999999d", "1y"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func TestADurationIsWrittenShortAndReadsBackAsItself(t *testing.T) {
	for d, want := range map[time.Duration]string{
		24 * time.Hour: "24h", 7 * day: "7d", 49 * time.Hour: "49h", 90 * time.Minute: "1h30m", 10 * time.Minute: "10m", 20 * time.Second: "20s", 0: "0s",
		time.Hour + 5*time.Second: "1h0m5s", 1500 * time.Millisecond: "1.5s",
	} {
		if got := FormatDuration(d); got != want {
			t.Errorf("FormatDuration(%v) = %q, want %q", d, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64().Draw(t, "nanoseconds"))
		if rapid.Bool().Draw(t, "whole seconds") {
			d = d.Truncate(time.Second)
		}
		if again, err := ParseDuration(FormatDuration(d)); err != nil || again != d {
			t.Fatalf("%v is written %q, which reads as %v, %v", d, FormatDuration(d), again, err)
		}
	})
}
