package main

import (
	"fmt"
	"strconv"
	"strings"
)

// maxSize is the largest size that a flag takes: a message must fit in memory with room to spare.
const maxSize = 1 << 30

// byteSize is a flag that counts bytes: "65536", "64K" and "64KiB" are the same.
type byteSize int64

var sizeUnits = []struct {
	letter string
	bytes  int64
}{{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}}

// parseSize reads a number of bytes from 1 to [maxSize]: digits, then nothing, K, M or G (1024
// each, with or without "iB", in any case).
func parseSize(s string) (byteSize, error) {
	digits, unit := s, int64(1)
	for _, u := range sizeUnits {
		upper := strings.ToUpper(s)
		if rest, ok := strings.CutSuffix(strings.TrimSuffix(upper, "IB"), u.letter); ok {
			digits, unit = rest, u.bytes
			break
		}
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no size; write bytes, or use K, M or G, as in 65536, 64K or 1MiB", s)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	switch {
	case err != nil || n > maxSize/unit:
		return 0, fmt.Errorf("%s is too large; the most is %s", s, byteSize(maxSize))
	case n == 0:
		return 0, fmt.Errorf("%s is too small; the least is 1", s)
	}
	return byteSize(n * unit), nil
}

// String returns the size as parseSize reads it, in the largest unit that divides it.
func (b byteSize) String() string {
	for _, u := range sizeUnits {
		if b > 0 && int64(b)%u.bytes == 0 {
			return fmt.Sprintf("%d%siB", int64(b)/u.bytes, u.letter)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Set implements the flag's parsing.
func (b *byteSize) Set(s string) error {
	n, err := parseSize(s)
	if err == nil {
		*b = n
	}
	return err
}

// Type is the word for the value in help texts.
func (b *byteSize) Type() string { return "SIZE" }
