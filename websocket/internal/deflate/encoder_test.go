package deflate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// noise is n bytes that do not compress, always the same.
func noise(n int) []byte {
	rnd := rand.NewChaCha8([32]byte{7})
	b := make([]byte, n)
	rnd.Read(b)
	return b
}

// link is both ends of one direction of a connection, and the judges between them.
type link struct {
	t       failer
	context Context
	enc     Encoder
	dec     Decoder
	sent    []byte // the end of what was sent compressed, if the context is taken over
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func newLink(t failer, c Context) *link {
	l := &link{t: t, context: c}
	l.enc.Init(c)
	l.dec.Init(c, Limits{})
	return l
}

// send compresses a message and has it arrive.
func (l *link) send(message []byte) (compressed []byte) {
	l.t.Helper()
	compressed = l.enc.Append(nil, message)
	l.deliver(message, compressed)
	return compressed
}

// deliver demands that three decoders understand a message and that it keeps to the window, and notes it.
func (l *link) deliver(message, compressed []byte) {
	l.t.Helper()
	window := 1 << l.context.WindowBits
	in, err := inspect(l.sent, compressed)
	switch {
	case err != nil:
		l.t.Fatalf("%v: % x: %v", l.context, compressed, err)
	case !bytes.Equal(in.out, message):
		l.t.Fatalf("%v: got %q, want %q", l.context, in.out, message)
	case in.farthest > window:
		l.t.Fatalf("a match reaches back %d bytes in a window of %d", in.farthest, window)
	}
	if got, ok := stdInflate(l.sent, compressed); !ok || !bytes.Equal(got, message) {
		l.t.Fatalf("%v: compress/flate got %q, want %q", l.context, got, message)
	}
	if got, err := l.dec.Append([]byte("x"), compressed); err != nil || string(got) != "x"+string(message) {
		l.t.Fatalf("%v: got %q, %v; want %q", l.context, got, err, message)
	}
	if most := Bound(len(message)); len(compressed) > most {
		l.t.Fatalf("%v: %d bytes became %d, more than the bound of %d", l.context, len(message), len(compressed), most)
	}
	l.enc.Note(message)
	if l.context.Takeover {
		l.sent = append(l.sent, message...)
		l.sent = l.sent[max(0, len(l.sent)-maxWindow):]
	}
}

// anyMessage draws messages in which there is something to find, and some in which there isn't.
func anyMessage(earlier []byte) *rapid.Generator[[]byte] {
	piece := []*rapid.Generator[[]byte]{
		rapid.SliceOfN(rapid.Byte(), 0, 40),
		rapid.SliceOfN(rapid.SampledFrom([]byte("ab")), 0, 300),
		rapid.SliceOfN(rapid.ByteRange(144, 160), 0, 100),
		rapid.Map(rapid.SampledFrom(chatMessages(20)), bytes.Clone),
		rapid.Custom(func(t *rapid.T) []byte {
			return bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 1, 4).Draw(t, "unit"), rapid.IntRange(1, 2000).Draw(t, "times"))
		}),
		rapid.Custom(func(t *rapid.T) []byte { return noise(rapid.IntRange(0, 10_000).Draw(t, "noise")) }),
	}
	if len(earlier) > 0 {
		piece = append(piece, rapid.Custom(func(t *rapid.T) []byte {
			from := rapid.IntRange(0, len(earlier)-1).Draw(t, "from")
			return bytes.Clone(earlier[from:min(len(earlier), from+rapid.IntRange(1, 700).Draw(t, "length"))])
		}))
	}
	return rapid.Map(rapid.SliceOfN(rapid.OneOf(piece...), 0, 5), func(p [][]byte) []byte { return bytes.Join(p, nil) })
}

var anyContext = rapid.Custom(func(t *rapid.T) Context {
	return Context{WindowBits: rapid.IntRange(8, 15).Draw(t, "bits"), Takeover: rapid.Bool().Draw(t, "takeover")}
})

func TestAnySequenceOfMessagesArrivesWithinTheAgreedWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLink(t, anyContext.Draw(t, "context"))
		for range rapid.IntRange(1, 8).Draw(t, "messages") {
			message := anyMessage(l.sent).Draw(t, "message")
			switch rapid.SampledFrom([]string{"send", "send", "send", "drop", "share", "forget"}).Draw(t, "what") {
			case "send":
				l.send(message)
			case "drop": // compressed, but not sent
				l.enc.Append(nil, message)
			case "share":
				l.deliver(message, AppendShared(nil, message, l.context.WindowBits))
			case "forget":
				l.enc.Forget()
			}
		}
	})
}

func TestChatArrivesThroughEveryWindow(t *testing.T) {
	messages := chatMessages(120)
	for bits := 8; bits <= 15; bits++ {
		for _, takeover := range []bool{true, false} {
			t.Run(fmt.Sprint(bits, takeover), func(t *testing.T) {
				l := newLink(t, Context{bits, takeover})
				for _, m := range messages {
					l.send(m)
				}
			})
		}
	}
}

func TestLongMessagesArriveWhole(t *testing.T) {
	text := bytes.Join(chatMessages(800), []byte("\n"))
	for _, m := range [][]byte{text, noise(100_000), make([]byte, 300_000), slices.Concat(text[:70_000], noise(70_000), text)} {
		for _, c := range []Context{{8, true}, {13, true}, {15, false}} {
			l := newLink(t, c)
			for range 2 {
				out := l.enc.Append(nil, m)
				got, err := l.dec.Append(nil, out)
				if err != nil || !bytes.Equal(got, m) {
					t.Fatalf("%v, %d bytes: %v", c, len(m), err)
				}
				if got, ok := stdInflate(l.sent, out); !ok || !bytes.Equal(got, m) {
					t.Fatalf("%v, %d bytes: compress/flate disagrees", c, len(m))
				}
				l.enc.Note(m)
				if c.Takeover {
					l.sent = append(l.sent, m...)
				}
			}
		}
	}
}

func TestAMessageSentOnceMakesTheNextOneShort(t *testing.T) {
	m := chatMessages(1)[0]
	for bits := 9; bits <= 15; bits++ {
		l := newLink(t, Context{bits, true})
		first, second := len(l.send(m)), len(l.send(m))
		if second > 8 || first < 50 {
			t.Errorf("window of %d bits: %d bytes, then %d", bits, first, second)
		}
	}
	l := newLink(t, Context{15, false})
	if first, second := l.send(m), l.send(m); !bytes.Equal(first, second) {
		t.Errorf("without takeover: % x, then % x", first, second)
	}
}

func TestWhatWasNotSentIsNotReferredTo(t *testing.T) {
	l := newLink(t, Context{12, true})
	l.send([]byte("something else"))
	m := chatMessages(1)[0]
	before := l.enc.Append(nil, m)
	if got := l.send(m); !bytes.Equal(got, before) {
		t.Errorf("got % x, before % x", got, before)
	}
}

func TestASharedMessageIsReferredToOnceItIsNoted(t *testing.T) {
	l := newLink(t, Context{12, true})
	l.send([]byte("so that the encoder has a memory"))
	m := chatMessages(1)[0]
	shared := AppendShared(nil, m, 12)
	l.deliver(m, shared)
	if got := l.send(m); len(got) > 8 {
		t.Errorf("%d bytes for a message of %d that was shared before", len(got), len(m))
	}
	for _, m := range chatMessages(50) { // more than the window
		l.deliver(m, AppendShared(nil, m, 12))
	}
	if got := l.send(chatMessages(50)[49]); len(got) > 8 {
		t.Errorf("%d bytes for a message that was shared just before", len(got))
	}
}

func TestAnEncoderThatOnlySharesHoldsNoMemory(t *testing.T) {
	l := newLink(t, Context{15, true})
	for _, m := range chatMessages(10) {
		l.deliver(m, AppendShared(nil, m, 15))
	}
	if l.enc.buckets != nil || l.enc.earlier.buf != nil {
		t.Error("there is a window or an index")
	}
	l.send(chatMessages(1)[0])
}

func TestForgettingGivesTheMemoryBack(t *testing.T) {
	l := newLink(t, Context{12, true})
	l.send(noise(10_000))
	l.enc.Forget()
	if l.enc.buckets != nil || l.enc.earlier.buf != nil {
		t.Error("there is a window or an index")
	}
	l.send(noise(10_000))
}

func TestAnEncoderKeepsItsWindowAndAnIndex(t *testing.T) {
	for bits, want := range map[int]int{8: 512, 10: 2 << 10, 12: 8 << 10, 13: 12 << 10, 15: 48 << 10} {
		l := newLink(t, Context{bits, true})
		for _, m := range chatMessages(200) {
			l.send(m)
		}
		if got := cap(l.enc.earlier.buf) + 8*cap(l.enc.buckets); got != want {
			t.Errorf("window of %d bits: %d bytes, want %d", bits, got, want)
		}
	}
}

func TestCompressedChatIsSmallerThanWithTheStandardLibrarysFastestLevel(t *testing.T) {
	messages := chatMessages(600)
	for _, takeover := range []bool{true, false} {
		ours, theirs := 0, newStdWriter(1, takeover)
		l := newLink(t, Context{13, takeover})
		std := 0
		for _, m := range messages {
			ours += len(l.enc.Append(nil, m))
			l.enc.Note(m)
			std += theirs.size(m)
		}
		if ours >= std {
			t.Errorf("takeover %v: %d bytes, compress/flate at level 1 takes %d", takeover, ours, std)
		}
	}
}

func TestAppendingLeavesWhatIsThereAlone(t *testing.T) {
	m := []byte(strings.Repeat("one two ", 20))
	for _, free := range []int{0, 1, 10, 1000} {
		dst := append(make([]byte, 0, 6+free), "before"...)
		got := AppendShared(dst, m, 15)
		if !bytes.Equal(got, append([]byte("before"), AppendShared(nil, m, 15)...)) {
			t.Errorf("%d bytes free: got %q", free, got)
		}
	}
}
