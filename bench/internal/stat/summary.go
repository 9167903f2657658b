package stat

import "slices"

// Summary is what several rounds of one measurement say together.
type Summary struct {
	Median, Min, Max float64
}

// Summarize returns the summary of values: of an even number, the median is the mean of the two in
// the middle. Of no values it is all zero.
func Summarize(values []float64) Summary {
	if len(values) == 0 {
		return Summary{}
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Summary{
		Median: (sorted[(n-1)/2] + sorted[n/2]) / 2,
		Min:    sorted[0],
		Max:    sorted[n-1],
	}
}
