package policy

import "testing"

func TestAMessageBeginsWithOneOfSeveralMagics(t *testing.T) {
	images := Content{Types: []string{"image/png", "image/gif"}, Magic: [][]byte{{0x89, 'P', 'N', 'G'}, []byte("GIF8")}}
	for payload, want := range map[string]bool{"\x89PNG\r\n": true, "GIF89a": true, "GIF": false, "": false, "text": false, "\x89png": false} {
		if got := images.Begins([]byte(payload)); got != want {
			t.Errorf("%q: %v", payload, got)
		}
	}
	for typ, want := range map[string]bool{"image/png": true, "image/gif": true, "image/jpeg": false, "": false} {
		if got := images.Allows(typ); got != want {
			t.Errorf("%q: %v", typ, got)
		}
	}
	if anything := (&Content{}); !anything.Begins(nil) || !anything.Allows("") {
		t.Error("what is not asked for is missed")
	}
}
