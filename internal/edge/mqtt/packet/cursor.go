package packet

import (
	"encoding/binary"
	"math"
	"strings"
	"unicode/utf8"
)

// cursor reads the parts of a packet one after the other. After the first fault it reads nothing but zeros.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.b = nil
}

// take returns the next n bytes, which are a part of the packet.
func (c *cursor) take(n int) []byte {
	if len(c.b) < n {
		c.fail(malformed("the packet ends within a field"))
		return nil
	}
	taken := c.b[:n:n]
	c.b = c.b[n:]
	return taken
}

func (c *cursor) byte() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// varint reads a variable byte integer (section 1.5.5), which is not longer than it need be.
func (c *cursor) varint() int {
	n, digits, err := remainingLength(c.b)
	switch {
	case err != nil:
		c.fail(malformed("a variable byte integer has more than four bytes"))
		return 0
	case digits == 0:
		c.fail(malformed("the packet ends within a variable byte integer"))
		return 0
	case digits != varintBytes(n):
		c.fail(malformed("a variable byte integer has more bytes than it needs"))
		return 0
	}
	c.b = c.b[digits:]
	return n
}

// bytes reads binary data (section 1.5.6), which is a part of the packet.
func (c *cursor) bytes() []byte { return c.take(int(c.uint16())) }

// text reads a UTF-8 string (section 1.5.4), which is copied.
func (c *cursor) text() string {
	s := string(c.bytes())
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		c.fail(malformed("a string is not valid UTF-8, or holds U+0000"))
		return ""
	}
	return s
}

// end tells what is wrong with what was read, or that something is left.
func (c *cursor) end(t Type) error {
	if c.err == nil && len(c.b) > 0 {
		return malformed("%v has %d bytes too many", t, len(c.b))
	}
	return c.err
}

// varintBytes returns how many bytes a variable byte integer takes.
func varintBytes(n int) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14:
		return 2
	case n < 1<<21:
		return 3
	}
	return 4
}

func appendVarint(b []byte, n int) []byte {
	for n >= 0x80 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// appendText appends a string or binary data, of which what does not fit into its length is cut off.
func appendText[T string | []byte](b []byte, s T) []byte {
	s = s[:min(len(s), math.MaxUint16)]
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

func textBytes[T string | []byte](s T) int { return 2 + min(len(s), math.MaxUint16) }
