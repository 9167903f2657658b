package wire

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func TestEveryFramingRuleHasItsOwnSentence(t *testing.T) {
	text := func(s string) frame { return frame{finBit | byte(Text), s, true} }
	for _, c := range []struct {
		name  string
		role  Role
		input []byte
		want  string
	}{
		{"RSV1 without an extension", Server, frame{finBit | rsv1Bit | 1, "", true}.bytes(), "close 1002: reserved bit RSV1 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"RSV2", Server, frame{finBit | rsv2Bit | 1, "", true}.bytes(), "close 1002: reserved bit RSV2 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"RSV3", Server, frame{finBit | rsv3Bit | 1, "", true}.bytes(), "close 1002: reserved bit RSV3 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"RSV1 on a control frame", Server, frame{finBit | rsv1Bit | 9, "", true}.bytes(), "close 1002: reserved bit RSV1 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"reserved data opcode", Server, frame{finBit | 3, "", true}.bytes(), "close 1002: opcode 0x3 is reserved (RFC 6455 section 5.2)"},
		{"reserved data opcode 7", Server, frame{finBit | 7, "", true}.bytes(), "close 1002: opcode 0x7 is reserved (RFC 6455 section 5.2)"},
		{"reserved control opcode", Server, frame{finBit | 0xb, "", true}.bytes(), "close 1002: opcode 0xb is reserved (RFC 6455 section 5.2)"},
		{"reserved control opcode f", Server, frame{finBit | 0xf, "", true}.bytes(), "close 1002: opcode 0xf is reserved (RFC 6455 section 5.2)"},
		{"unmasked frame to a server", Server, frame{finBit | 1, "a", false}.bytes(), "close 1002: frame from a client is not masked; clients must mask (RFC 6455 section 5.1)"},
		{"unmasked control frame to a server", Server, frame{finBit | 9, "a", false}.bytes(), "close 1002: frame from a client is not masked; clients must mask (RFC 6455 section 5.1)"},
		{"masked frame to a client", Client, frame{finBit | 1, "a", true}.bytes(), "close 1002: frame from a server is masked; servers must not mask (RFC 6455 section 5.1)"},
		{"fragmented ping", Server, frame{9, "a", true}.bytes(), "close 1002: ping frame is fragmented; control frames must not be (RFC 6455 section 5.5)"},
		{"fragmented pong", Server, frame{10, "a", true}.bytes(), "close 1002: pong frame is fragmented; control frames must not be (RFC 6455 section 5.5)"},
		{"fragmented close", Server, frame{8, "", true}.bytes(), "close 1002: close frame is fragmented; control frames must not be (RFC 6455 section 5.5)"},
		{"long ping", Server, frame{finBit | 9, strings.Repeat("a", 126), true}.bytes(), "close 1002: ping frame announces more than 125 bytes of payload (RFC 6455 section 5.5)"},
		{"very long close", Server, frame{finBit | 8, strings.Repeat("a", 70000), true}.bytes(), "close 1002: close frame announces more than 125 bytes of payload (RFC 6455 section 5.5)"},
		{"125 in 16 bits", Client, []byte{0x82, 126, 0, 125}, "close 1002: payload length is not written in its shortest form (RFC 6455 section 5.2)"},
		{"0 in 16 bits", Client, []byte{0x82, 126, 0, 0}, "close 1002: payload length is not written in its shortest form (RFC 6455 section 5.2)"},
		{"65535 in 64 bits", Client, []byte{0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255}, "close 1002: payload length is not written in its shortest form (RFC 6455 section 5.2)"},
		{"top bit of a 64-bit length", Client, []byte{0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, "close 1002: 64-bit payload length has its top bit set (RFC 6455 section 5.2)"},
		{"all bits of a 64-bit length", Client, []byte{0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255}, "close 1002: 64-bit payload length has its top bit set (RFC 6455 section 5.2)"},
		{"continuation first", Server, frame{finBit, "a", true}.bytes(), "close 1002: continuation frame without a message to continue (RFC 6455 section 5.4)"},
		{"continuation after a whole message", Server, stream(text("a"), frame{0, "b", true}), "close 1002: continuation frame without a message to continue (RFC 6455 section 5.4)"},
		{"text inside a message", Server, stream(frame{2, "a", true}, text("b")), "close 1002: text frame inside a fragmented message that has not ended (RFC 6455 section 5.4)"},
		{"binary inside a message", Server, stream(frame{1, "", true}, frame{finBit | 2, "", true}), "close 1002: binary frame inside a fragmented message that has not ended (RFC 6455 section 5.4)"},
		{"message over the limit", Server, frame{finBit | 2, strings.Repeat("a", 101), true}.bytes(), "close 1009: message is larger than the limit of 100 bytes"},
		{"fragments over the limit", Server, stream(frame{2, strings.Repeat("a", 100), true}, frame{0, "", true}, frame{0, "b", true}), "close 1009: message is larger than the limit of 100 bytes"},
		{"largest length", Client, []byte{0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255}, "close 1009: message is larger than the limit of 100 bytes"},
		{"text not UTF-8", Server, text("\xff").bytes(), "close 1007: text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"text ending inside a character", Server, text("\xe2\x82").bytes(), "close 1007: text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"text ending inside a character, then an empty fragment", Server, stream(frame{1, "\xe2\x82", true}, frame{finBit, "", true}), "close 1007: text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"surrogate split over fragments", Server, stream(frame{1, "\xed", true}, frame{0, "\xa0\x80", true}), "close 1007: text message is not valid UTF-8 (RFC 6455 section 8.1)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := feed(t, c.role, 100, c.input).Violation; got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestWhatIsAllowedArrivesWhole(t *testing.T) {
	big := strings.Repeat("0123456789abcdef", 4097) // needs a 64-bit length
	for _, c := range []struct {
		name   string
		frames []frame
		want   []string
	}{
		{"an empty text", []frame{{finBit | 1, "", true}}, []string{`text ""`}},
		{"an empty binary message of empty fragments", []frame{{2, "", true}, {0, "", true}, {finBit, "", true}}, []string{`binary ""`}},
		{"a text, a binary message, a text", []frame{{finBit | 1, "a", true}, {finBit | 2, "\xff", true}, {finBit | 1, "é", true}}, []string{`text "a"`, `binary "\xff"`, `text "é"`}},
		{"a character split over three fragments", []frame{{1, "\xe2", true}, {0, "\x82", true}, {finBit, "\xac", true}}, []string{`text "€"`}},
		{"a final empty fragment", []frame{{1, "a", true}, {finBit, "", true}}, []string{`text "a"`}},
		{"control frames between fragments", []frame{{1, "a", true}, {finBit | 9, "p", true}, {0, "b", true}, {finBit | 10, "", true}, {finBit, "c", true}}, []string{`ping "p"`, `pong ""`, `text "abc"`}},
		{"a close frame inside a message", []frame{{1, "a", true}, {finBit | 8, "\x03\xe8bye", true}}, []string{`close "\x03\xe8bye"`}},
		{"control frames of 125 bytes", []frame{{finBit | 9, strings.Repeat("x", 125), true}}, []string{`ping "` + strings.Repeat("x", 125) + `"`}},
		{"every length form", []frame{{finBit | 2, big[:125], true}, {finBit | 2, big[:126], true}, {finBit | 2, big[:65535], true}, {finBit | 2, big[:65536], true}}, []string{fmt.Sprintf("binary %q", big[:125]), fmt.Sprintf("binary %q", big[:126]), fmt.Sprintf("binary %q", big[:65535]), fmt.Sprintf("binary %q", big[:65536])}},
	} {
		for _, role := range []Role{Server, Client} {
			t.Run(fmt.Sprintf("%s, role %d", c.name, role), func(t *testing.T) {
				frames := slices.Clone(c.frames)
				for i := range frames {
					frames[i].masked = role == Server
				}
				got := feed(t, role, math.MaxUint64, stream(frames...))
				if got.Violation != "" || !slices.Equal(got.Events, c.want) {
					t.Errorf("got %v, want %q", got, c.want)
				}
			})
		}
	}
}

func TestTheExamplesOfTheRFCAreUnderstood(t *testing.T) {
	for _, c := range []struct {
		role  Role
		input []byte
		want  []string
	}{
		{Client, []byte("\x81\x05Hello"), []string{`text "Hello"`}},
		{Server, []byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), []string{`text "Hello"`}},
		{Client, []byte("\x01\x03Hel\x80\x02lo"), []string{`text "Hello"`}},
		{Client, []byte("\x89\x05Hello"), []string{`ping "Hello"`}},
		{Server, []byte("\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), []string{`pong "Hello"`}},
	} {
		if got := feed(t, c.role, 5, c.input); got.Violation != "" || !slices.Equal(got.Events, c.want) {
			t.Errorf("% x: got %v, want %q", c.input, got, c.want)
		}
	}
}

func TestAMessageMayBeExactlyAsLargeAsTheLimit(t *testing.T) {
	for _, limit := range []uint64{0, 1, 10} {
		whole := frame{finBit | 2, strings.Repeat("x", int(limit)), true}
		halves := []frame{{2, whole.payload[:limit/2], true}, {finBit, whole.payload[limit/2:], true}}
		got := feed(t, Server, limit, stream(append(halves, whole, whole)...))
		if got.Violation != "" || len(got.Events) != 3 {
			t.Errorf("limit %d: %v", limit, got)
		}
	}
}

func TestTheSumOfFragmentLengthsCannotOverflow(t *testing.T) {
	var p Parser
	p.Init(Client, math.MaxUint64)
	p.opcode, p.total = Binary, math.MaxUint64-10
	_, _, err := p.Next([]byte{0, 11})
	if err == nil || err.(*Error).Code != codeMessageTooLarge {
		t.Errorf("got %v, want close 1009", err)
	}
}

func TestPayloadIsPassedOnBeforeTheFrameIsWhole(t *testing.T) {
	var p Parser
	p.Init(Client, 1<<20)
	for _, c := range []struct {
		input string
		want  Event
		n     int
	}{
		{"\x01", Event{}, 0},
		{"\x01\x05", Event{}, 2},
		{"", Event{}, 0},
		{"He", Event{KindData, Text, true, false, false, []byte("He")}, 2},
		{"llo\x89\x01", Event{KindData, Text, false, false, false, []byte("llo")}, 3},
		{"\x89\x01", Event{}, 0},
		{"\x89\x01!", Event{KindPing, Ping, false, false, false, []byte("!")}, 3},
		{"\x00\x00", Event{}, 2},
		{"\x80\x00\x82\x00", Event{KindData, Text, false, true, false, []byte{}}, 2},
		{"\x82\x00", Event{KindData, Binary, true, true, false, []byte{}}, 2},
	} {
		ev, n, err := p.Next([]byte(c.input))
		if fmt.Sprint(ev) != fmt.Sprint(c.want) || n != c.n || err != nil {
			t.Errorf("Next(%q) = %v, %d, %v; want %v, %d", c.input, ev, n, err, c.want, c.n)
		}
	}
}

func TestAnInvalidByteIsReportedBeforeItsFrameIsWhole(t *testing.T) {
	input := frame{1, "abc\xc0def", true}.bytes()
	if got := feed(t, Server, 100, input[:6+4]); got.Violation == "" {
		t.Errorf("got %v, want close 1007", got)
	}
}

func TestAPayloadCannotBeExtendedOverTheBytesBehindIt(t *testing.T) {
	for _, input := range []string{"\x82\x01ab", "\x89\x01ab"} {
		var p Parser
		p.Init(Client, 10)
		buf := []byte(input)
		ev, _, _ := p.Next(buf)
		_ = append(ev.Payload, 'X')
		if buf[3] != 'b' {
			t.Errorf("%q: appending to the payload changed the next frame", input)
		}
	}
}

func TestTheParserIsSmallAndDoesNotAllocate(t *testing.T) {
	if size := unsafe.Sizeof(Parser{}); size > 56 {
		t.Errorf("a Parser takes %d bytes", size)
	}
	var p Parser
	p.Init(Server, 1<<20)
	input := stream(
		frame{1, "héllo", true}, frame{finBit | 9, "ping", true}, frame{finBit, "wörld", true},
		frame{finBit | 2, strings.Repeat("x", 1000), true}, frame{finBit | 8, "\x03\xe8", true})
	buf := make([]byte, len(input))
	allocs := testing.AllocsPerRun(100, func() {
		copy(buf, input)
		for rest := buf; len(rest) > 0; {
			_, n, err := p.Next(rest[:min(len(rest), 200)])
			if n == 0 || err != nil {
				t.Fatal(n, err)
			}
			rest = rest[n:]
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
