package protocol

import (
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// kind is what a value is, in both encodings.
type kind byte

const (
	kindNone kind = iota // there is no value: the end, or broken syntax
	kindNull
	kindBool
	kindNumber
	kindText
	kindBinary // MessagePack only
	kindArray
	kindObject
	kindOther // a MessagePack extension
)

func (k kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "text", "binary", "an array", "an object", "an extension"}[k]
}

// number is a number of either encoding.
type number struct {
	whole   uint64
	isWhole bool    // and not negative, and whole holds it
	float   float64 // whatever it is
}

// source reads values one after another. Each method but peek takes the next value, which is of the kind that peek has
// told. When the syntax is broken, broken tells how, peek returns kindNone, and next false.
type source interface {
	peek() kind
	skip()
	boolean() bool
	number() number
	text() []byte   // valid until the next call
	binary() []byte // likewise; MessagePack only
	raw() []byte    // the value as it is written; likewise
	enter()         // an array or object
	next() bool     // whether the innermost one goes on; if not, it has been left. In an object, what follows is a name
	end()           // of the message: it is a fault if anything follows
	broken() *Error
}

// decoder gives the fields of objects their Go types. It notes the first fault and goes on, so that
// the rest of an array can be told from the command at fault; only broken syntax ends everything.
type decoder struct {
	source
	pack   bool
	strict bool   // at the server: unknown fields and fields out of bounds are faults
	in     string // the object whose fields are being read, for faults; "" for none
	fault  *Error // the first one since takeFault
}

// newDecoder returns a decoder at the beginning of a message. It has to be given back with done.
func newDecoder(e Encoding, message []byte, strict bool) (d *decoder, done func()) {
	if e == MessagePack {
		s := new(packSource)
		s.reset(message)
		return &decoder{source: s, pack: true, strict: strict}, func() {}
	}
	s := jsonSources.Get().(*jsonSource)
	s.reset(message)
	return &decoder{source: s, strict: strict}, s.release
}

// finish returns how the syntax of the message is broken, if it is, and if nothing follows.
func (d *decoder) finish() *Error {
	d.end()
	return d.broken()
}

// takeFault returns the first fault since it was last called.
func (d *decoder) takeFault() *Error {
	fault := d.fault
	d.fault = nil
	return fault
}

func (d *decoder) refuse(code Code, format string, args ...any) {
	if d.fault == nil {
		d.fault = Errorf(code, format, args...)
	}
}

// unknown refuses a field that the server does not know, and takes its value.
func (d *decoder) unknown(name string) {
	if d.strict {
		d.refuse(CodeBadCommand, "%s has the unknown field %s; remove it, or correct its spelling", d.in, quote(name))
	}
	d.skip()
}

// expect notes a fault and takes the next value if it is not of kind k.
func (d *decoder) expect(k kind, name string) bool {
	got := d.peek()
	if got == k {
		return true
	}
	if got != kindNone {
		d.refuse(CodeBadCommand, "%s is %v; it has to be %v", d.place(name), got, k)
	}
	d.skip() // of nothing, too: it lets the source note that the syntax is broken
	return false
}

// place names a field of the present object, for faults.
func (d *decoder) place(name string) string {
	if d.in == "" {
		return "the " + name
	}
	return strconv.Quote(name) + " of " + d.in
}

// fields reads the object in, whose name is for faults, and calls field for each of its fields, which has
// to take the value. A field that is null counts as left out, except data in JSON. It is a fault if one of
// the needed is left out.
func (d *decoder) fields(in string, field func(name string), needed ...string) {
	if !d.expect(kindObject, in) {
		return
	}
	outer := d.in
	d.in = in
	var room [16]string // more than any object has
	seen := room[:0]
	for d.enter(); d.next(); {
		name := string(d.source.text())
		if d.peek() == kindNull && (d.pack || name != "data") {
			d.skip()
			continue
		}
		// Beyond the first fault, an unknown field, repeats do not matter: so few names are compared.
		if d.strict && d.fault == nil && slices.Contains(seen, name) {
			d.refuse(CodeBadCommand, "%s has the field %s twice", in, quote(name))
		}
		seen = append(seen, name)
		field(name)
	}
	for _, name := range needed {
		if !slices.Contains(seen, name) {
			d.refuse(CodeBadCommand, "%s has no %q; it needs one", in, name)
		}
	}
	d.in = outer
}

// items reads an array and calls item for each element, which it has to take.
func (d *decoder) items(name string, item func()) {
	if !d.expect(kindArray, name) {
		return
	}
	for d.enter(); d.next(); {
		item()
	}
}

// text reads text of least to most bytes.
func (d *decoder) text(name string, least, most int) string {
	if !d.expect(kindText, name) {
		return ""
	}
	s := d.source.text()
	if d.strict && (len(s) < least || len(s) > most) {
		d.refuse(CodeBadCommand, "%q of %s is %d bytes long; it has to have %d to %d", name, d.in, len(s), least, most)
		return ""
	}
	return string(s)
}

// channel reads the name of a channel, or a pattern, as far as its length goes.
func (d *decoder) channel(name string) string {
	if !d.expect(kindText, name) {
		return ""
	}
	s := d.source.text()
	if len(s) == 0 || len(s) > MaxChannelBytes {
		d.refuse(CodeBadChannel, "the %s of %s is %d bytes long; it has to have 1 to %d", name, d.in, len(s), MaxChannelBytes)
		return ""
	}
	return string(s)
}

// positions reads positions from text.
func (d *decoder) positions(name string) Positions {
	if !d.expect(kindText, name) {
		return nil
	}
	s := d.source.text()
	if len(s) > MaxPositionsBytes {
		d.refuse(CodeBadPosition, "%q of %s is %d bytes long; it has to have at most %d", name, d.in, len(s), MaxPositionsBytes)
		return nil
	}
	positions, err := ParsePositions(string(s))
	if err != nil {
		d.refuse(CodeBadPosition, "%q of %s: %v", name, d.in, err)
	}
	return positions
}

// texts reads an array of text.
func (d *decoder) texts(name string) (all []string) {
	d.items(name, func() { all = append(all, d.text(name, 0, MaxTokenBytes)) })
	return all
}

// whole reads a whole number between least and most.
func (d *decoder) whole(name string, least, most uint64) uint64 {
	if !d.expect(kindNumber, name) {
		return 0
	}
	n := d.number()
	if !n.isWhole || n.whole < least || n.whole > most {
		d.refuse(CodeBadCommand, "%q of %s is %s; it has to be a whole number from %d to %d", name, d.in, strconv.FormatFloat(n.float, 'g', -1, 64), least, most)
		return 0
	}
	return n.whole
}

// maxSeconds is more than any duration of the protocol, and no Duration overflows with it.
const maxSeconds = 1e9

// seconds reads a duration, to the millisecond.
func (d *decoder) seconds(name string) time.Duration {
	if !d.expect(kindNumber, name) {
		return 0
	}
	s := d.number().float
	if !(s >= 0 && s <= maxSeconds) { // NaN too
		d.refuse(CodeBadCommand, "%q of %s is %s; it has to be seconds, from 0 to %g", name, d.in, strconv.FormatFloat(s, 'g', -1, 64), maxSeconds)
		return 0
	}
	return time.Duration(math.Round(s*1000)) * time.Millisecond
}

func (d *decoder) flag(name string) bool {
	return d.expect(kindBool, name) && d.boolean()
}

// maxQuotedBytes bounds how much of what a client sent its error repeats.
const maxQuotedBytes = 64

// quote returns s as a literal that prints on one line, cut when long.
func quote(s string) string { return strconv.Quote(clip(s, maxQuotedBytes)) }

// clip cuts valid UTF-8 to at most n bytes, at the start of a character.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
