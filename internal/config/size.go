package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size counts bytes: "65536", "64K" and "64KiB" are the same.
type Size int64

var sizeUnits = []struct {
	letter string
	bytes  int64
}{{"T", 1 << 40}, {"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}}

// ParseSize reads a number of bytes: digits, then nothing, K, M, G or T (1024 each, with or without
// "iB", in any case).
func ParseSize(s string) (Size, error) {
	digits, unit := s, int64(1)
	for _, u := range sizeUnits {
		upper := strings.ToUpper(s)
		if rest, ok := strings.CutSuffix(strings.TrimSuffix(upper, "IB"), u.letter); ok {
			digits, unit = rest, u.bytes
			break
		}
	}
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no size; write bytes, or use K, M, G or T, as in 65536, 64K or 1MiB", s)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n > math.MaxInt64/unit {
		return 0, fmt.Errorf("%s is too large; the most is %s", s, Size(math.MaxInt64/(1<<40)<<40))
	}
	return Size(n * unit), nil
}

// String returns the size as ParseSize reads it, in the largest unit that divides it.
func (b Size) String() string {
	for _, u := range sizeUnits {
		if b > 0 && int64(b)%u.bytes == 0 {
			return fmt.Sprintf("%d%siB", int64(b)/u.bytes, u.letter)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}
