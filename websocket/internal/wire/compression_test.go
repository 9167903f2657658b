package wire

import (
	"strings"
	"testing"
)

// allowing returns a server's parser for a connection with permessage-deflate.
func allowing(maxMessage uint64) *Parser {
	var p Parser
	p.Init(Server, maxMessage)
	p.AllowCompression()
	return &p
}

// header is a masked frame with the zero key, so that the payload is as it stands.
func header(first byte, payload string) []byte {
	return append([]byte{first, 0x80 | byte(len(payload)), 0, 0, 0, 0}, payload...)
}

func TestRSV1MarksACompressedMessageOnItsFirstFrame(t *testing.T) {
	p := allowing(100)
	stream := append(header(0x41, "\xff\xfe"), header(0x80, "\xfd")...) // not UTF-8: it is not text yet
	stream = append(stream, header(0x81, "plain")...)
	var compressed []bool
	for len(stream) > 0 {
		ev, n, err := p.Next(stream)
		if err != nil {
			t.Fatal(err)
		}
		compressed = append(compressed, ev.Compressed)
		stream = stream[n:]
	}
	if len(compressed) != 3 || !compressed[0] || !compressed[1] || compressed[2] {
		t.Errorf("compressed: %v", compressed)
	}
}

func TestOtherReservedBitsStayForbiddenWithCompression(t *testing.T) {
	for name, c := range map[string]struct {
		before, frame []byte
		says          string
	}{
		"RSV1 on a continuation": {header(0x41, "a"), header(0xC0, "b"), "does not begin a message"},
		"RSV1 on a ping":         {nil, header(0xC9, ""), "does not begin a message"},
		"RSV2":                   {nil, header(0xA1, ""), "RSV2"},
		"RSV3":                   {nil, header(0x91, ""), "RSV3"},
		"RSV1 and RSV2":          {nil, header(0xE1, ""), "RSV2"},
		"RSV1 and RSV3":          {nil, header(0xD1, ""), "RSV3"},
	} {
		p := allowing(100)
		if c.before != nil {
			if _, _, err := p.Next(c.before); err != nil {
				t.Fatal(err)
			}
		}
		_, _, err := p.Next(c.frame)
		if e, ok := err.(*Error); !ok || e.Code != 1002 || !strings.Contains(e.Reason, c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatDoesNotGetSmallerMayBeALittleLargerThanTheLimit(t *testing.T) {
	if _, _, err := allowing(10).Next(header(0xC2, strings.Repeat("x", 20))); err != nil {
		t.Error(err)
	}
	if _, _, err := allowing(10).Next(header(0x82, strings.Repeat("x", 20))); err == nil {
		t.Error("an uncompressed message over the limit was let through")
	}
	if _, _, err := allowing(10).Next(header(0xC2, strings.Repeat("x", 120))); err == nil {
		t.Error("a compressed message far over the limit was let through")
	}
}
