package server

import "testing"

func TestMemoryIsGivenBackWhenTheServerIsQuiet(t *testing.T) {
	const mib = 1 << 20
	for name, c := range map[string]struct {
		allocated, live, objects, free uint64
		want                           bool
	}{
		"nothing to win":             {0, 20 * mib, 21 * mib, 0, false},
		"garbage":                    {0, 20 * mib, 25 * mib, 0, true},
		"free memory":                {0, 20 * mib, 20 * mib, 3 * mib, true},
		"little of a large heap":     {0, 100 * mib, 110 * mib, 0, false},
		"much of a large heap":       {0, 100 * mib, 110 * mib, 10 * mib, true},
		"busy":                       {2 * mib, 20 * mib, 40 * mib, 0, false},
		"freed since it was counted": {0, 20 * mib, 10 * mib, 0, false},
	} {
		tr := &trimmer{before: 1000 * mib}
		if got := tr.due(1000*mib+c.allocated, c.live, c.objects, c.free); got != c.want {
			t.Errorf("%s: due = %v, want %v", name, got, c.want)
		}
	}
}
