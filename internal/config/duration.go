package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// ParseDuration reads what [time.ParseDuration] does, and whole days such as "7d".
func ParseDuration(s string) (time.Duration, error) {
	if digits, ok := strings.CutSuffix(s, "d"); ok {
		days, err := strconv.ParseInt(digits, 10, 32)
		if err == nil && time.Duration(days)*day/day == time.Duration(days) {
			return time.Duration(days) * day, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no duration; write a number and its unit, as in 200ms, 30s, 24h or 7d", s)
	}
	return d, nil
}

// FormatDuration returns d as it is written in a configuration: "24h" and not "24h0m0s", and "7d".
func FormatDuration(d time.Duration) string {
	if d > day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
