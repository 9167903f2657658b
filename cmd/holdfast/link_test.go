package main

import (
	"net/http"
	"reflect"
	"testing"
)

func TestHeadersAreSplitAtTheFirstColon(t *testing.T) {
	got, err := parseHeaders([]string{"authorization: Bearer a:b", "X-Empty:", "x-two:1", "X-Two: 2"})
	want := http.Header{"Authorization": {"Bearer a:b"}, "X-Empty": {""}, "X-Two": {"1", "2"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestWhatIsNoHeaderIsWrongUsage(t *testing.T) {
	for _, in := range []string{"", "novalue", ": value", "two words: x", "ü: x", "X: a\r\nInjected: b", "X: \x00", "X\n: y"} {
		if got, err := parseHeaders([]string{in}); exitCodeOf(err) != exitUsage {
			t.Errorf("%q gives %v, %v; want exit code %d", in, got, err, exitUsage)
		}
	}
}

func FuzzAHeaderNeverBreaksItsLine(f *testing.F) {
	f.Add("Authorization: Bearer abc")
	f.Add("X: a\r\nY: b")
	f.Fuzz(func(t *testing.T, s string) {
		header, err := parseHeaders([]string{s})
		if err != nil {
			return
		}
		for key, values := range header {
			for _, b := range []byte(key + values[0]) {
				if b < ' ' && b != '\t' || b == 0x7f {
					t.Errorf("%q gives the header %q: %q", s, key, values[0])
				}
			}
		}
	})
}
