package report

import (
	"math"
	"strconv"
	"time"
)

// significant formats v with so many significant digits, without an exponent.
func significant(v float64, digits int) string {
	if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return "0"
	}
	// Rounding comes first, as it may make one digit more: 0.9996 is 1.00.
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return "0"
	}
	behindPoint := digits - 1 - int(math.Floor(math.Log10(rounded)))
	return strconv.FormatFloat(v, 'f', max(behindPoint, 0), 64)
}

// short formats a rate or a number of bytes with three digits: 912, 91.2k, 2.31M.
func short(v float64) string {
	switch {
	case v >= 999.5e3:
		return significant(v/1e6, 3) + "M"
	case v >= 999.5:
		return significant(v/1e3, 3) + "k"
	}
	return significant(v, 3)
}

// milliseconds formats a latency with two digits; its histogram is no finer.
func milliseconds(d time.Duration) string {
	return significant(float64(d)/float64(time.Millisecond), 2)
}

// times formats a ratio.
func times(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) + "×" }

// percent formats a fraction.
func percent(f float64) string { return strconv.Itoa(int(f*100+0.5)) + " %" }
