package config

import (
	"math"
	"strings"
	"testing"
)

func TestSizesAreReadInBytesAndInUnitsOf1024(t *testing.T) {
	for in, want := range map[string]Size{
		"0": 0, "0M": 0, "1": 1, "65536": 64 << 10, "64K": 64 << 10, "64k": 64 << 10, "64KiB": 64 << 10,
		"1M": 1 << 20, "1MiB": 1 << 20, "1mib": 1 << 20, "1G": 1 << 30, "1T": 1 << 40, "007": 7,
		"9223372036854775807": math.MaxInt64,
	} {
		if got, err := ParseSize(in); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
}

func TestBadSizesAreRefusedWithWhatToDo(t *testing.T) {
	for in, want := range map[string]string{
		"":                     `"" is no size; write bytes, or use K, M, G or T, as in 65536, 64K or 1MiB`,
		"K":                    "is no size",
		"IB":                   "is no size",
		"1KB":                  "is no size", // 1000 or 1024? Nobody can tell.
		"1.5M":                 "is no size",
		"-1":                   "is no size",
		"+1":                   "is no size",
		"1 M":                  "is no size",
		"1MM":                  "is no size",
		"٣":                    "is no size",
		"9223372036854775808":  "9223372036854775808 is too large; the most is 8388607TiB",
		"8388608T":             "is too large",
		"99999999999999999999": "is too large",
		"9007199254740993K":    "is too large",
	} {
		if got, err := ParseSize(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSize(%q) = %d, %v; want an error with %q", in, got, err, want)
		}
	}
}

func FuzzASizeReadsBackAsItself(f *testing.F) {
	for _, s := range []string{"1", "64K", "1MiB", "1G", "2T", "1023", "0x10", "1e3", "١M", "1İB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseSize(s)
		if err != nil {
			return
		}
		if again, err := ParseSize(n.String()); err != nil || n < 0 || again != n {
			t.Errorf("ParseSize(%q) = %d prints as %q, which reads as %d, %v", s, int64(n), n, int64(again), err)
		}
	})
}
