package wire

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// checkPieces feeds text in pieces of the given lengths (the rest is the last) and reports whether it is valid as a whole. It fails
// the test if a verdict comes too late or too early.
func checkPieces(t failer, text []byte, pieces ...int) bool {
	t.Helper()
	var u UTF8
	for fed := 0; fed < len(text); {
		n := len(text) - fed
		if len(pieces) > 0 {
			n, pieces = min(n, pieces[0]), pieces[1:]
		}
		fed += n
		if got, want := u.Check(text[fed-n:fed]), isPrefix(text[:fed]); got != want {
			t.Fatalf("Check(%q) after %q = %v, want %v", text[fed-n:fed], text[:fed-n], got, want)
		}
	}
	return u.Complete()
}

// isPrefix reports whether b is valid UTF-8 but for a sequence at its end that more bytes could complete.
func isPrefix(b []byte) bool {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			return !utf8.FullRune(b) // FullRune takes an error for a full rune
		}
		b = b[size:]
	}
	return true
}

// adversarial are sequences at the edges of the grammar, good and bad.
var adversarial = []string{
	"", "a", "\x00", "\x7f", "\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2\x80", "\xdf\xbf", "\xc2", "\xc2\x7f", "\xc2\xc0",
	"\xe0\x80\x80", "\xe0\x9f\xbf", "\xe0\xa0\x80", "\xe0\xbf\xbf", "\xe1\x80\x80", "\xec\xbf\xbf", "\xed\x80\x80", "\xed\x9f\xbf", "\xed\xa0\x80",
	"\xed\xbf\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xef\xbf\xbe", "\xe2\x82", "\xe2\x28\xa1", "\xe2\x82\x28",
	"\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80", "\xf1\x80\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x80\x80\x80", "\xf4\x8f\xbf\xbf", "\xf4\x90\x80\x80",
	"\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xf0\x9f\x98", "\xf0\x28\x8c\xbc", "κόσμε", "日本語", "😀", "é",
}

func TestUTF8AgreesWithTheStandardLibraryAtTheEdgesOfTheGrammar(t *testing.T) {
	for _, s := range adversarial {
		for _, before := range []int{0, 1, 7, 8, 9, 31, 32, 33, 40} { // around the fast paths
			text := []byte(strings.Repeat("x", before) + s + "tail of more than eight")
			for cut := range len(text) + 1 {
				for _, text := range [][]byte{text, text[:before+len(s)]} {
					if got, want := checkPieces(t, text, cut), utf8.Valid(text); got != want {
						t.Fatalf("%q cut at %d: %v, want %v", text, cut, got, want)
					}
				}
			}
		}
	}
}

func TestUTF8AgreesWithTheStandardLibraryOnEveryThreeByteString(t *testing.T) {
	// Tail bytes fall into few classes, so their edges stand for all of them.
	tails := []byte{0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xe0, 0xff}
	for first := range 256 {
		for _, second := range tails {
			for _, third := range tails {
				for _, fourth := range tails {
					text := []byte{byte(first), second, third, fourth}
					for n := 1; n <= 4; n++ {
						if got, want := checkPieces(t, text[:n]), utf8.Valid(text[:n]); got != want {
							t.Fatalf("%q: %v, want %v", text[:n], got, want)
						}
					}
				}
			}
		}
	}
}

func TestUTF8AgreesWithTheStandardLibraryOnAnyTextSplitAnywhere(t *testing.T) {
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom(adversarial), rapid.StringN(0, 100, 100),
		rapid.Map(rapid.IntRange(0, 70), func(n int) string { return strings.Repeat("a", n) }))
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "text"), ""))
		cuts := rapid.SliceOfN(rapid.IntRange(0, 20), 0, 20).Draw(t, "cuts")
		if got, want := checkPieces(t, text, cuts...), utf8.Valid(text); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func TestUTF8StaysInvalidOnceItIs(t *testing.T) {
	var u UTF8
	u.Check([]byte("\xff"))
	if u.Check([]byte("good again")) || u.Check(nil) || u.Complete() {
		t.Error("an invalid text became valid")
	}
}

func FuzzUTF8(f *testing.F) {
	for _, s := range adversarial {
		f.Add([]byte(s), uint8(1), uint8(2))
	}
	f.Fuzz(func(t *testing.T, text []byte, first, second uint8) {
		want := utf8.Valid(text)
		if got := checkPieces(t, text, int(first), int(second)); got != want {
			t.Errorf("%q in pieces: %v, want %v", text, got, want)
		}
		if got := checkPieces(t, text, slices.Repeat([]int{1}, len(text))...); got != want {
			t.Errorf("%q byte by byte: %v, want %v", text, got, want)
		}
	})
}

// BenchmarkUTF8 prints how many times as fast as utf8.Valid, which must have the whole text, UTF8 is.
func BenchmarkUTF8(b *testing.B) {
	for _, script := range []struct{ name, unit string }{
		{"ascii", "hello, world. "}, {"latin", "où est le café? "}, {"greek", "κόσμε"}, {"japanese", "日本語"}, {"emoji", "😀"},
	} {
		for _, size := range []int{64, 4096} {
			b.Run(fmt.Sprintf("%s/%d", script.name, size), func(b *testing.B) {
				text := []byte(strings.Repeat(script.unit, size/len(script.unit)))
				b.SetBytes(int64(len(text)))
				valid := true
				for b.Loop() {
					var u UTF8
					valid = u.Check(text) && u.Complete() && valid
				}
				ours := float64(b.Elapsed()) / float64(b.N)
				b.ReportMetric(perOp(b.N/10+1, func() { valid = utf8.Valid(text) && valid })/ours, "x-std")
				if !valid {
					b.Fatal("valid text was refused")
				}
			})
		}
	}
}
