package stat

import "testing"

func TestASummaryHasTheMedianAndTheExtremes(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   Summary
	}{
		{nil, Summary{}},
		{[]float64{7}, Summary{7, 7, 7}},
		{[]float64{3, 1, 2}, Summary{2, 1, 3}},
		{[]float64{4, 1, 3, 2}, Summary{2.5, 1, 4}},
	} {
		if got := Summarize(test.values); got != test.want {
			t.Errorf("Summarize(%v) = %v; want %v", test.values, got, test.want)
		}
	}
}

func TestASummaryLeavesTheValuesInTheirOrder(t *testing.T) {
	values := []float64{3, 1, 2}
	Summarize(values)
	if values[0] != 3 {
		t.Errorf("values are now %v", values)
	}
}
