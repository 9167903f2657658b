package wire

import "encoding/binary"

// UTF8 checks that a byte stream is UTF-8 (RFC 3629), piece by piece, however its sequences are split. The zero value is
// ready for the first byte of a text.
//
// It accepts exactly what [unicode/utf8.Valid] accepts and, unlike it, remembers where it stands between pieces in a single
// byte. RFC 6455 section 8.1 lets an endpoint fail a connection as soon as a message can no longer become valid; this check
// does so in the very piece that holds the offending byte.
type UTF8 struct {
	state uint8 // one of the states below
}

// Check feeds the next piece of the text. It reports whether everything fed so far is valid, or is the beginning of something
// valid. Once it has returned false it always does. It does not allocate.
func (u *UTF8) Check(b []byte) bool {
	s := uint64(u.state)
	for len(b) >= 8 {
		if s&63 == utf8Start {
			n := leadingASCII(b)
			b = b[n:]
			if len(b) < 8 {
				break
			}
		}
		w := b[:8]
		s = utf8Steps[w[0]] >> (s & 63)
		s = utf8Steps[w[1]] >> (s & 63)
		s = utf8Steps[w[2]] >> (s & 63)
		s = utf8Steps[w[3]] >> (s & 63)
		s = utf8Steps[w[4]] >> (s & 63)
		s = utf8Steps[w[5]] >> (s & 63)
		s = utf8Steps[w[6]] >> (s & 63)
		s = utf8Steps[w[7]] >> (s & 63)
		b = b[8:]
	}
	for _, c := range b {
		s = utf8Steps[c] >> (s & 63)
	}
	u.state = uint8(s & 63)
	return u.state != utf8Reject
}

// Complete reports whether the text fed so far is valid and does not end inside a sequence, so that it may end here.
func (u *UTF8) Complete() bool { return u.state == utf8Start }

// leadingASCII returns how many bytes at the start of b are ASCII, in steps of eight.
func leadingASCII(b []byte) int {
	const high = 0x8080808080808080
	rest := b
	for len(rest) >= 32 {
		w := rest[:32]
		if (binary.LittleEndian.Uint64(w[0:])|binary.LittleEndian.Uint64(w[8:])|
			binary.LittleEndian.Uint64(w[16:])|binary.LittleEndian.Uint64(w[24:]))&high != 0 {
			break
		}
		rest = rest[32:]
	}
	for len(rest) >= 8 && binary.LittleEndian.Uint64(rest)&high == 0 {
		rest = rest[8:]
	}
	return len(b) - len(rest)
}

// The states of the automaton. Each is named by what may come next and numbered in steps of six, because a state is also the
// distance by which a row of utf8Steps is shifted: nine states of six bits fill 54 of a row's 64 bits, and a step of the
// automaton is one load, which does not depend on the state, and one shift.
const (
	utf8Start   = 6 * iota // the first byte of a sequence; the text may end here
	utf8Reject             // nothing: the text is invalid and stays so
	utf8Tail1              // one more tail byte, 80..BF
	utf8Tail2              // two more
	utf8Tail3              // three more
	utf8AfterE0            // A0..BF, then one tail: a lower byte would be an overlong form
	utf8AfterED            // 80..9F, then one tail: a higher byte would be a surrogate
	utf8AfterF0            // 90..BF, then two tails: a lower byte would be an overlong form
	utf8AfterF4            // 80..8F, then two tails: a higher byte would pass U+10FFFF
	utf8End                // not a state: the bits that a row uses
)

// utf8Steps holds a row for each byte. The six bits of the row at distance s are the state that follows s on that byte.
var utf8Steps = buildUTF8Steps()

// buildUTF8Steps writes down the grammar of RFC 3629 section 4 as ranges and packs it into rows. Whatever no range mentions
// leads to utf8Reject.
func buildUTF8Steps() (rows [256]uint64) {
	for c := range rows {
		for s := utf8Start; s < utf8End; s += 6 {
			rows[c] |= utf8Reject << s
		}
	}
	step := func(from int, low, high byte, to uint64) {
		for c := int(low); c <= int(high); c++ {
			rows[c] = rows[c]&^(63<<from) | to<<from
		}
	}
	step(utf8Start, 0x00, 0x7F, utf8Start)
	step(utf8Start, 0xC2, 0xDF, utf8Tail1) // C0 and C1 could only begin overlong forms
	step(utf8Start, 0xE0, 0xE0, utf8AfterE0)
	step(utf8Start, 0xE1, 0xEC, utf8Tail2)
	step(utf8Start, 0xED, 0xED, utf8AfterED)
	step(utf8Start, 0xEE, 0xEF, utf8Tail2)
	step(utf8Start, 0xF0, 0xF0, utf8AfterF0)
	step(utf8Start, 0xF1, 0xF3, utf8Tail3)
	step(utf8Start, 0xF4, 0xF4, utf8AfterF4)

	step(utf8Tail1, 0x80, 0xBF, utf8Start)
	step(utf8Tail2, 0x80, 0xBF, utf8Tail1)
	step(utf8Tail3, 0x80, 0xBF, utf8Tail2)
	step(utf8AfterE0, 0xA0, 0xBF, utf8Tail1)
	step(utf8AfterED, 0x80, 0x9F, utf8Tail1)
	step(utf8AfterF0, 0x90, 0xBF, utf8Tail2)
	step(utf8AfterF4, 0x80, 0x8F, utf8Tail2)
	return rows
}
