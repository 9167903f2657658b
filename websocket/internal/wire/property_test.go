package wire

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// compare feeds a stream whole, in pieces and byte by byte, and demands the meaning that the reference gives it each time.
func compare(t failer, role Role, maxMessage uint64, input []byte, pieces ...int) {
	t.Helper()
	whole := feed(t, role, maxMessage, input)
	for name, cuts := range map[string][]int{"pieces": pieces, "single bytes": slices.Repeat([]int{1}, len(input))} {
		if got := feed(t, role, maxMessage, input, cuts...); !reflect.DeepEqual(got, whole) {
			t.Fatalf("% x in %s:\ngot   %v\nwhole %v", input, name, got, whole)
		}
	}
	want := reference(role, maxMessage, input)
	if whole.Violation != "" { // the reference knows only the code
		whole.Violation, _, _ = strings.Cut(whole.Violation, ":")
		whole.InMessage = want.InMessage
	}
	if !reflect.DeepEqual(whole, want) {
		t.Fatalf("% x:\ngot       %v\nreference %v", input, whole, want)
	}
}

// anyFrame draws frames most of which are legal somewhere in a stream.
func anyFrame(role Role) *rapid.Generator[frame] {
	return rapid.Custom(func(t *rapid.T) frame {
		first := rapid.OneOf(
			rapid.SampledFrom([]byte{0x81, 0x82, 0x01, 0x02, 0x00, 0x00, 0x80, 0x80, 0x88, 0x89, 0x8a}),
			rapid.SampledFrom([]byte{0x81, 0x82, 0x01, 0x02, 0x00, 0x00, 0x80, 0x80, 0x88, 0x89, 0x8a}),
			rapid.Byte()).Draw(t, "first byte")
		payload := rapid.OneOf(rapid.StringN(0, 20, 40), rapid.SampledFrom(adversarial),
			rapid.Map(rapid.IntRange(120, 130), func(n int) string { return strings.Repeat("x", n) })).Draw(t, "payload")
		masked := (role == Server) != (rapid.IntRange(0, 15).Draw(t, "wrong mask") == 15)
		return frame{first, payload, masked}
	})
}

var anyRole = rapid.SampledFrom([]Role{Server, Client})

func TestAnySplitOfAnyStreamMeansTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		role := anyRole.Draw(t, "role")
		input := stream(rapid.SliceOfN(anyFrame(role), 0, 8).Draw(t, "frames")...)
		input = append(input, rapid.SliceOfN(rapid.Byte(), 0, 12).Draw(t, "noise")...)
		cuts := rapid.SliceOfN(rapid.IntRange(0, 150), 0, 10).Draw(t, "cuts")
		compare(t, role, rapid.SampledFrom([]uint64{0, 10, 200, math.MaxUint64}).Draw(t, "limit"), input, cuts...)
	})
}

func TestAnyFragmentationOfAnyMessageArrivesWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		role := anyRole.Draw(t, "role")
		op := rapid.SampledFrom([]Opcode{Text, Binary}).Draw(t, "kind")
		message := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes")
		if op == Text {
			message = []byte(rapid.StringN(0, 100, 300).Filter(utf8.ValidString).Draw(t, "text"))
		}
		var (
			frames []frame
			want   []string
			first  = byte(op)
			rest   = string(message)
		)
		for range rapid.IntRange(0, 6).Draw(t, "fragments") {
			n := rapid.IntRange(0, len(rest)).Draw(t, "fragment")
			frames = append(frames, frame{first, rest[:n], role == Server})
			first, rest = byte(Continuation), rest[n:]
			for range rapid.IntRange(0, 2).Draw(t, "controls") {
				control := rapid.SampledFrom([]Opcode{Ping, Pong}).Draw(t, "control")
				payload := rapid.SliceOfN(rapid.Byte(), 0, MaxControlPayload).Draw(t, "control payload")
				frames = append(frames, frame{finBit | byte(control), string(payload), role == Server})
				want = append(want, fmt.Sprintf("%v %q", control, payload))
			}
		}
		frames = append(frames, frame{finBit | first, rest, role == Server})
		want = append(want, fmt.Sprintf("%v %q", op, message))

		cuts := rapid.SliceOfN(rapid.IntRange(0, 50), 0, 20).Draw(t, "cuts")
		got := feed(t, role, uint64(len(message)), stream(frames...), cuts...)
		if got.Violation != "" || got.InMessage || !slices.Equal(got.Events, want) {
			t.Fatalf("got %v, want %q", got, want)
		}
	})
}

func TestAHeaderIsReadAsItWasWritten(t *testing.T) {
	edges := rapid.SampledFrom([]uint64{0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1<<32 - 1, 1 << 32, 1<<63 - 1})
	rapid.Check(t, func(t *rapid.T) {
		role := anyRole.Draw(t, "role")
		op := rapid.SampledFrom([]Opcode{Text, Binary}).Draw(t, "opcode")
		length := rapid.OneOf(edges, rapid.Uint64Range(0, 1<<63-1)).Draw(t, "length")
		fin := rapid.Bool().Draw(t, "fin")
		key := [4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "key"))

		header := AppendHeader([]byte("before"), fin, op, length, role == Server, key)
		header, intact := bytes.CutPrefix(header, []byte("before"))
		if !intact || len(header) > MaxHeader {
			t.Fatalf("header % x", header)
		}
		var p Parser
		p.Init(role, math.MaxUint64)
		_, n, err := p.Next(header)
		if err != nil || n != len(header) {
			t.Fatalf("header % x: consumed %d, %v", header, n, err)
		}
		if role == Server && p.key != key || p.remaining != length || p.final != fin || p.InMessage() == (fin && length == 0) {
			t.Fatalf("header % x was read as %+v", header, p)
		}
	})
}

func FuzzParser(f *testing.F) {
	for _, role := range []Role{Server, Client} {
		masked := role == Server
		f.Add(stream(frame{0x01, "Hé", masked}, frame{0x89, "ping", masked}, frame{0x80, "llo", masked}, frame{0x88, "\x03\xe8bye", masked}), masked, uint16(100), uint8(3), uint8(9))
		f.Add(stream(frame{0x02, "", masked}, frame{0x00, strings.Repeat("x", 126), masked}, frame{0x80, "", masked}), masked, uint16(126), uint8(1), uint8(5))
		f.Add(stream(frame{0x01, "\xe2\x82", masked}, frame{0x80, "\xac", masked}, frame{0x81, "\xed\xa0\x80", masked}), masked, uint16(9), uint8(7), uint8(0))
	}
	f.Add([]byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, false, uint16(1), uint8(0), uint8(0))
	f.Add([]byte{0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255}, false, uint16(1), uint8(5), uint8(0))
	f.Fuzz(func(t *testing.T, input []byte, server bool, limit uint16, first, second uint8) {
		role := Client
		if server {
			role = Server
		}
		compare(t, role, uint64(limit), input, int(first), int(second))
	})
}
