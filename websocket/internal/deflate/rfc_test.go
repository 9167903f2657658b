package deflate

import (
	"bytes"
	"fmt"
	"testing"
)

// messages are the examples of RFC 7692 section 7.2.3: each list is what one side sends, and every message says "Hello" but for the
// one that says nothing.
var examples = []struct {
	section  string
	messages []string
	want     string
}{
	{"7.2.3.1", []string{"\xf2\x48\xcd\xc9\xc9\x07\x00"}, "Hello"},
	{"7.2.3.2 with the window shared", []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x00\x11\x00\x00"}, "Hello"},
	{"7.2.3.2 with no context", []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\xf2\x48\xcd\xc9\xc9\x07\x00"}, "Hello"},
	{"7.2.3.3", []string{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"}, "Hello"},
	{"7.2.3.4", []string{"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"}, "Hello"},
	{"7.2.3.5", []string{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"}, "Hello"},
	{"7.2.3.6", []string{"\x00"}, ""},
}

func TestTheExamplesOfTheRFCAreDecompressed(t *testing.T) {
	for _, x := range examples {
		t.Run(x.section, func(t *testing.T) {
			var d Decoder
			d.Init(Context{WindowBits: 15, Takeover: true}, Limits{})
			for _, m := range x.messages {
				if got, err := d.Append(nil, []byte(m)); string(got) != x.want || err != nil {
					t.Errorf("% x: got %q, %v; want %q", m, got, err, x.want)
				}
			}
		})
	}
}

func TestTheEncoderWritesTheFirstExampleOfTheRFC(t *testing.T) {
	for _, takeover := range []bool{true, false} {
		var e Encoder
		e.Init(Context{WindowBits: 15, Takeover: takeover})
		if got := e.Append(nil, []byte("Hello")); string(got) != examples[0].messages[0] {
			t.Errorf("takeover %v: got % x", takeover, got)
		}
	}
}

func TestTheEncoderDoesBetterThanTheSecondExampleOfTheRFC(t *testing.T) {
	var e Encoder
	e.Init(Context{WindowBits: 15, Takeover: true})
	e.Append(nil, []byte("Hello"))
	e.Note([]byte("Hello"))
	got := e.Append(nil, []byte("Hello"))
	if want := "\x02\x13\x00\x00"; string(got) != want {
		t.Errorf("got % x, want one match of length 5 at distance 5: % x", got, want)
	}
}

func TestTheEmptyMessageIsOneByte(t *testing.T) {
	var e Encoder
	e.Init(Context{WindowBits: 12, Takeover: true})
	for range 3 {
		if got := e.Append([]byte("before"), nil); string(got) != "before\x00" {
			t.Errorf("got %q", got)
		}
		e.Note(nil)
	}
	if got := AppendShared(nil, nil, 12); string(got) != "\x00" {
		t.Errorf("got %q", got)
	}
}

// Incompressible messages are stored, in one block up to 65535 bytes (RFC 7692 section 7.2.3.3).
func TestMessagesThatDoNotCompressAreStored(t *testing.T) {
	for _, n := range []int{1, 4, 39, 40, 100, 5000, maxStored, maxStored + 1, 300_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			m := noise(n)
			got := AppendShared(nil, m, 15)
			if most := n + 6 + 10*(n/maxTokens); len(got) > most {
				t.Errorf("%d bytes, want at most %d", len(got), most)
			}
			if in, err := inspect(nil, got); err != nil || !bytes.Equal(in.out, m) {
				t.Error(err)
			}
		})
	}
}
