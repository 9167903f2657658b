package nearest

import "testing"

func TestTheNearestWordIsTheOneProbablyMeant(t *testing.T) {
	verbs := []string{"dev", "sub", "pub", "connect", "cert", "version"}
	for in, want := range map[string]string{
		"dve": "dev", "sbu": "sub", "conect": "connect", "conn": "connect", "CONNECT": "connect",
		"versoin": "version", "cret": "cert", "subscribe": "", "x": "", "serve": "", "": "",
	} {
		if got := Word(in, verbs); got != want {
			t.Errorf("Word(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestEditDistanceCountsASwapAsOne(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "ab", 2}, {"ab", "", 2}, {"ab", "ba", 1}, {"kitten", "sitting", 3}, {"htpts", "https", 1}} {
		if got := editDistance(test.a, test.b); got != test.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
