package cluster

import "testing"

func TestNodesOfOneMinorVersionAreCompatible(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"v1.4.0", "v1.4.7", true},
		{"v1.4.0", "v1.4.0-rc.1", true},
		{"v1.4.0", "v1.5.0", false},
		{"v1.4.0", "v2.4.0", false},
		{"v1.4.0", "v1.40.0", false},
		{"v1.4.0", "(devel)", true},
		{"", "v1.4.0", true},
		{"v1", "v1.4.0", true},
		{"v0.0.0-20261121182314-341ac79", "v0.0.3", true},
		{"vx.4.0", "v1.4.0", true},
	} {
		if got := Compatible(test.a, test.b); got != test.want || got != Compatible(test.b, test.a) {
			t.Errorf("%q and %q: %v", test.a, test.b, got)
		}
	}
}
