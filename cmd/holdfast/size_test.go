package main

import (
	"strings"
	"testing"
)

func TestSizesAreReadInBytesAndInUnitsOf1024(t *testing.T) {
	for in, want := range map[string]byteSize{
		"1": 1, "65536": 64 << 10, "64K": 64 << 10, "64k": 64 << 10, "64KiB": 64 << 10,
		"1M": 1 << 20, "1MiB": 1 << 20, "1mib": 1 << 20, "1G": 1 << 30, "1073741824": 1 << 30, "007": 7,
	} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
}

func TestBadSizesAreRefusedWithWhatToDo(t *testing.T) {
	for in, want := range map[string]string{
		"":                     `"" is no size; write bytes, or use K, M or G, as in 65536, 64K or 1MiB`,
		"K":                    "is no size",
		"IB":                   "is no size",
		"1KB":                  "is no size", // 1000 or 1024? Nobody can tell.
		"1.5M":                 "is no size",
		"-1":                   "is no size",
		"+1":                   "is no size",
		"1 M":                  "is no size",
		"1MM":                  "is no size",
		"٣":                    "is no size",
		"0":                    "0 is too small; the least is 1",
		"0M":                   "0M is too small",
		"1073741825":           "1073741825 is too large; the most is 1GiB",
		"2G":                   "too large",
		"99999999999999999999": "too large",
		"9007199254740993K":    "too large",
	} {
		if got, err := parseSize(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseSize(%q) = %d, %v; want an error with %q", in, got, err, want)
		}
	}
}

func FuzzASizeReadsBackAsItself(f *testing.F) {
	for _, s := range []string{"1", "64K", "1MiB", "1G", "1023", "0x10", "1e3", "١M", "1İB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseSize(s)
		if err != nil {
			return
		}
		if n < 1 || n > maxSize {
			t.Errorf("parseSize(%q) = %d, out of range", s, int64(n))
		}
		if again, err := parseSize(n.String()); err != nil || again != n {
			t.Errorf("parseSize(%q) = %d prints as %q, which reads as %d, %v", s, int64(n), n, int64(again), err)
		}
	})
}
