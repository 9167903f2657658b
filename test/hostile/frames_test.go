package hostile

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

const (
	fin  = 0x80
	rsv1 = 0x40
)

// frame returns a frame as clients send it: masked, with the shortest length.
func frame(first byte, payload string) string {
	return head(first, uint64(len(payload))) + masked(payload)
}

// head returns the head of a frame of any length.
func head(first byte, length uint64) string {
	b := []byte{first, fin}
	switch {
	case length < 126:
		b[1] |= byte(length)
	case length < 1<<16:
		b[1] |= 126
		b = binary.BigEndian.AppendUint16(b, uint16(length))
	default:
		b[1] |= 127
		b = binary.BigEndian.AppendUint64(b, length)
	}
	return string(b) + key
}

const key = "\x01\x02\x03\x04"

func masked(payload string) string {
	b := []byte(payload)
	for i := range b {
		b[i] ^= key[i%4]
	}
	return string(b)
}

// deflated returns a payload as permessage-deflate sends it.
func deflated(t *testing.T, payload []byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(payload); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\x00\x00\xff\xff")
}

// readFrame returns the next frame of the server in words; io.EOF when there is none any more.
func (c *raw) readFrame() (string, error) {
	var two [2]byte
	if _, err := io.ReadFull(c.r, two[:]); err != nil {
		return "", err
	}
	length := uint64(two[1])
	switch length {
	case 126:
		var b [2]byte
		if _, err := io.ReadFull(c.r, b[:]); err != nil {
			return "", err
		}
		length = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		if _, err := io.ReadFull(c.r, b[:]); err != nil {
			return "", err
		}
		length = binary.BigEndian.Uint64(b[:])
	}
	payload := make([]byte, length)
	if _, err := io.ReadFull(c.r, payload); err != nil {
		return "", err
	}
	switch opcode := two[0] & 0xf; {
	case opcode == 8 && length >= 2:
		return fmt.Sprintf("close %d %s", binary.BigEndian.Uint16(payload), payload[2:]), nil
	case opcode == 8:
		return "close", nil
	case opcode == 10:
		return "pong " + string(payload), nil
	default:
		return fmt.Sprintf("message %.40q", payload), nil
	}
}

// shake opens a WebSocket.
func (n *node) shake(t *testing.T, target string, changes ...string) *raw {
	t.Helper()
	c := n.connect(t)
	c.send(handshake(target, changes...))
	if answer, err := readAnswer(c.r); err != nil || !strings.HasPrefix(answer, "101") {
		t.Fatalf("the handshake is answered with %s, %v", answer, err)
	}
	return c
}

// untilClose returns what comes up to the close frame, plainly.
func (c *raw) untilClose() string {
	c.t.Helper()
	return plainly(c.untilCloseInFull())
}

// untilCloseInFull returns what comes up to the close frame.
func (c *raw) untilCloseInFull() string {
	c.t.Helper()
	var all []string
	for {
		f, err := c.readFrame()
		if errors.Is(err, io.EOF) || err != nil && cutOff(err) {
			return strings.Join(append(all, "cut off"), " | ")
		}
		if err != nil {
			c.t.Fatalf("no close frame comes: %v, after %v", err, all)
		}
		all = append(all, f)
		if strings.HasPrefix(f, "close") {
			return strings.Join(all, " | ")
		}
	}
}

func TestFramesThatBreakARuleCloseTheirConnectionAlone(t *testing.T) {
	n := newNode(t, nil)
	const text, binaryOp, closing, ping = fin | 1, fin | 2, fin | 8, fin | 9
	fragments := frame(1, "a") + strings.Repeat(frame(0, strings.Repeat("b", 1000)), 20)
	for _, in := range []struct{ name, send, want string }{
		{"the first reserved bit, without an extension", frame(text|rsv1, "a"), "close 1002 reserved bit RSV1 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"the second reserved bit", frame(text|0x20, "a"), "close 1002 reserved bit RSV2 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"the third reserved bit", frame(text|0x10, "a"), "close 1002 reserved bit RSV3 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"an opcode for data that nobody has", frame(fin|3, "a"), "close 1002 opcode 0x3 is reserved (RFC 6455 section 5.2)"},
		{"an opcode for control that nobody has", frame(fin|0xb, "a"), "close 1002 opcode 0xb is reserved (RFC 6455 section 5.2)"},
		{"no mask", "\x81\x01a", "close 1002 frame from a client is not masked; clients must mask (RFC 6455 section 5.1)"},
		{"a continuation of nothing", frame(fin, "a"), "close 1002 continuation frame without a message to continue (RFC 6455 section 5.4)"},
		{"a message within a message", frame(1, "a") + frame(text, "b"), "close 1002 text frame inside a fragmented message that has not ended (RFC 6455 section 5.4)"},
		{"a ping in fragments", frame(9, "a"), "close 1002 ping frame is fragmented; control frames must not be (RFC 6455 section 5.5)"},
		{"a ping of 126 bytes", frame(ping, strings.Repeat("a", 126)), "close 1002 ping frame announces more than 125 bytes of payload (RFC 6455 section 5.5)"},
		{"a length written too long", "\x81\xfe\x00\x01" + key + masked("a"), "close 1002 payload length is not written in its shortest form (RFC 6455 section 5.2)"},
		{"a length written far too long", "\x81\xff\x00\x00\x00\x00\x00\x00\x00\x01" + key + masked("a"), "close 1002 payload length is not written in its shortest form (RFC 6455 section 5.2)"},
		{"a length with its highest bit", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" + key, "close 1002 64-bit payload length has its top bit set (RFC 6455 section 5.2)"},
		{"a length of 8 EiB", head(binaryOp, 1<<63-1), "close 1009 message is larger than the limit of 10000 bytes"},
		{"a length a byte over the limit", head(binaryOp, maxMessage+1), "close 1009 message is larger than the limit of 10000 bytes"},
		{"fragments over the limit", fragments, "close 1009 message is larger than the limit of 10000 bytes"},
		{"text that is none", frame(text, "\xff"), "close 1007 text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"text that is none, at once in a fragment", frame(1, "a\xffb"), "close 1007 text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"text with a surrogate", frame(text, "\xed\xa0\x80"), "close 1007 text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"text that stops within a character", frame(text, "\xe2\x82"), "close 1007 text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"text in overlong UTF-8", frame(text, "\xc0\xaf"), "close 1007 text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"a close frame of a byte", frame(closing, "a"), "close 1002 close frame has a payload of one byte; a code takes two (RFC 6455 section 5.5.1)"},
		{"a close code that is never sent", frame(closing, "\x03\xed"), "close 1002 close code 1005 may not be sent (RFC 6455 section 7.4)"},
		{"a close code below all", frame(closing, "\x00\x01"), "close 1002 close code 1 may not be sent (RFC 6455 section 7.4)"},
		{"a close code above all", frame(closing, "\xff\xff"), "close 1002 close code 65535 may not be sent (RFC 6455 section 7.4)"},
		{"a close reason that is no text", frame(closing, "\x03\xe8\xff"), "close 1007 close reason is not valid UTF-8 (RFC 6455 section 5.5.1)"},
		{"a message behind the close frame", frame(closing, "\x03\xe8") + frame(text, "never"), "close 1000"},
		{"HTTP in place of frames", after, "close 1002 reserved bit RSV1 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"a TLS hello in place of frames", "\x16\x03\x01\x02\x00\x01\x00", "close 1002 reserved bit RSV3 is set but no extension was negotiated (RFC 6455 section 5.2)"},
		{"noise", strings.Repeat("\xa5", 100), "close 1002 reserved bit RSV2 is set but no extension was negotiated (RFC 6455 section 5.2)"},
	} {
		t.Run(in.name, func(t *testing.T) {
			c := n.shake(t, "/channels/open/frames")
			c.send(in.send)
			if got := c.untilClose(); got != in.want {
				t.Errorf("the answer\n%s\nshould be\n%s", got, in.want)
			}
			n.flows(t)
		})
	}
}

func TestCompressionIsNoWayAroundTheLimits(t *testing.T) {
	n := newNode(t, nil)
	bomb := deflated(t, make([]byte, 10<<20))
	for _, in := range []struct{ name, send, want string }{
		{"a bomb of 10 MiB", frame(fin|2|rsv1, bomb[:min(len(bomb), maxMessage-1)]), "close 1009 message is larger than the limit of 10000 bytes"},
		{"a bomb in fragments", frame(2|rsv1, bomb[:3000]) + frame(fin, bomb[3000:6000]), "close 1009 message is larger than the limit of 10000 bytes"},
		{"a byte over the limit", frame(fin|2|rsv1, deflated(t, make([]byte, maxMessage+1))), "close 1009 message is larger than the limit of 10000 bytes"},
		{"bytes that can't be inflated", frame(fin|2|rsv1, "\xff\xff\xff\xff\xff"), "close 1007 compressed message has a DEFLATE block of the reserved type 11 (RFC 1951 section 3.2.3)"},
		{"a distance before the beginning", frame(fin|2|rsv1, "\x4b\x04\x02\x01"), "close 1007 compressed message ends inside a DEFLATE block (RFC 7692 section 7.2.1)"},
		{"compressed text that is none", frame(fin|1|rsv1, deflated(t, []byte("\xff\xfe"))), "close 1007 text message is not valid UTF-8 (RFC 6455 section 8.1)"},
		{"a compressed ping", frame(fin|9|rsv1, deflated(t, []byte("a"))), "close 1002 reserved bit RSV1 is set on a frame that does not begin a message (RFC 7692 section 6.1)"},
		{"a continuation that is compressed anew", frame(1|rsv1, deflated(t, []byte("a"))) + frame(fin|rsv1, "b"), "close 1002 reserved bit RSV1 is set on a frame that does not begin a message (RFC 7692 section 6.1)"},
	} {
		t.Run(in.name, func(t *testing.T) {
			c := n.shake(t, "/channels/open/frames", "Sec-WebSocket-Extensions: permessage-deflate")
			c.send(in.send)
			if got := c.untilClose(); got != in.want {
				t.Errorf("the answer\n%s\nshould be\n%s", got, in.want)
			}
			n.flows(t)
		})
	}
}
