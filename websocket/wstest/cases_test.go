package wstest

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestEveryCaseHasAnIDOfItsOwnAndSaysWhatItIsAbout(t *testing.T) {
	id := regexp.MustCompile(`^[a-z0-9]+/[a-zA-Z0-9-]+[a-zA-Z0-9]$`)
	seen := map[string]bool{}
	for _, c := range Cases() {
		if !id.MatchString(c.ID) || seen[c.ID] {
			t.Errorf("ID %q is used twice or hard to type", c.ID)
		}
		seen[c.ID] = true
		if !strings.HasSuffix(c.Name, ".") || !strings.ContainsAny(c.Name[:1], "ABCDEFGHIJKLMNOPQRSTUVWXYZ6") {
			t.Errorf("%s: %q is no sentence", c.ID, c.Name)
		}
		if !strings.Contains(c.RFC, "§") || (c.talk == nil) == (c.run == nil) {
			t.Errorf("%s: RFC %q, or nothing to do, or too much", c.ID, c.RFC)
		}
	}
	if got := len(Categories()); got != 13 {
		t.Errorf("%d categories: %s", got, Categories())
	}
}

func TestTheSequencesAreWhatTheirNamesSay(t *testing.T) {
	for _, s := range validSequences {
		if !utf8.ValidString(s.bytes) {
			t.Errorf("%s is not valid", s.id)
		}
	}
	for _, s := range invalidSequences {
		if utf8.ValidString(s.bytes) || !wrongWhateverFollows(s.bytes) {
			t.Errorf("%s may become valid", s.id)
		}
	}
	for _, s := range cutSequences {
		if utf8.ValidString(s.bytes) || wrongWhateverFollows(s.bytes) {
			t.Errorf("%s is not the beginning of a character", s.id)
		}
	}
}

// wrongWhateverFollows tells whether s is not the beginning of anything that is UTF-8.
func wrongWhateverFollows(s string) bool {
	for s != "" && utf8.FullRuneInString(s) {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			return true
		}
		s = s[size:]
	}
	return false
}

func TestMessagesHaveTheSizeAskedFor(t *testing.T) {
	for _, size := range append(frameLengths, compressedSizes...) {
		for _, f := range []frame{messageOf("text", size), messageOf("binary", size), contents[0].message(size), contents[1].message(size), contents[2].message(size)} {
			if len(f.payload) != size || f.first == finBit|opText && !utf8.Valid(f.payload) {
				t.Errorf("size %d: %d bytes", size, len(f.payload))
			}
		}
	}
}

// The engine must not be what it is tested with.
func TestNothingOfTheEngineIsUsed(t *testing.T) {
	checkImports(t, ".")
	checkImports(t, "cmd/wstest")
}
