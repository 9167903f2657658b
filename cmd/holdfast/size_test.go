package main

import (
	"strings"
	"testing"
)

func TestASizeOnTheCommandLineIsThatOfAMessage(t *testing.T) {
	for in, want := range map[string]byteSize{"1": 1, "64K": 64 << 10, "1MiB": 1 << 20, "1G": maxSize} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"1KB":        `"1KB" is no size`,
		"0":          "0 is too small; the least is 1",
		"0M":         "0M is too small",
		"1073741825": "1073741825 is too large; the most is 1GiB",
		"2G":         "2G is too large; the most is 1GiB",
		"8388608T":   "8388608T is too large",
	} {
		if got, err := parseSize(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("parseSize(%q) = %d, %v; want an error with %q", in, got, err, want)
		}
	}
}
