package protocol

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// encoder appends objects to buf in either encoding, field by field. It does not fail: what it is
// given is taken to be text where it says so, and in bounds.
type encoder struct {
	buf  []byte
	pack bool
	open int // of the innermost object, the place of its MessagePack header
}

// object begins one. What it returns is for endObject.
func (w *encoder) object() (outer int) {
	outer, w.open = w.open, len(w.buf)
	if w.pack {
		w.buf = append(w.buf, packFixMap) // name counts the fields in it; none has more than 15
	} else {
		w.buf = append(w.buf, '{')
	}
	return outer
}

func (w *encoder) endObject(outer int) {
	w.open = outer
	if !w.pack {
		w.buf = append(w.buf, '}')
	}
}

// name begins a field of the innermost object. Names are plain ASCII.
func (w *encoder) name(name string) {
	if w.pack {
		w.buf[w.open]++
		w.buf = append(append(w.buf, packFixStr|byte(len(name))), name...)
		return
	}
	w.element()
	w.buf = append(append(append(w.buf, '"'), name...), '"', ':')
}

// array begins one of n elements, each of which is announced by element.
func (w *encoder) array(n int) {
	if !w.pack {
		w.buf = append(w.buf, '[')
		return
	}
	switch {
	case n < 16:
		w.buf = append(w.buf, packFixArray|byte(n))
	case n <= math.MaxUint16:
		w.buf = binary.BigEndian.AppendUint16(append(w.buf, packArray16), uint16(n))
	default:
		w.buf = binary.BigEndian.AppendUint32(append(w.buf, packArray32), uint32(n))
	}
}

// element separates elements in JSON. No value ends with an opening bracket, so the last byte tells
// whether this one is the first.
func (w *encoder) element() {
	if w.pack {
		return
	}
	if last := w.buf[len(w.buf)-1]; last != '{' && last != '[' {
		w.buf = append(w.buf, ',')
	}
}

func (w *encoder) endArray() {
	if !w.pack {
		w.buf = append(w.buf, ']')
	}
}

func (w *encoder) text(name, s string) {
	w.name(name)
	w.str(s)
}

func (w *encoder) optText(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

// positions writes them unless there are none.
func (w *encoder) positions(name string, p Positions) {
	w.optText(name, p.String())
}

// texts writes an array of text unless it is empty.
func (w *encoder) texts(name string, all []string) {
	if len(all) == 0 {
		return
	}
	w.name(name)
	w.array(len(all))
	for _, s := range all {
		w.element()
		w.str(s)
	}
	w.endArray()
}

func (w *encoder) str(s string) {
	if w.pack {
		w.buf = append(appendPackStrHeader(w.buf, len(s)), s...)
		return
	}
	w.buf = appendQuoted(w.buf, s)
}

// appendQuoted appends text as a JSON string. The error is only about bytes that are not UTF-8, in
// whose place U+FFFD has been written by then: JSON can't carry them.
func appendQuoted[Text string | []byte](dst []byte, text Text) []byte {
	dst, _ = jsontext.AppendQuote(dst, text)
	return dst
}

func (w *encoder) whole(name string, n uint64) {
	w.name(name)
	if w.pack {
		w.buf = appendPackUint(w.buf, n)
		return
	}
	w.buf = strconv.AppendUint(w.buf, n, 10)
}

func (w *encoder) optWhole(name string, n uint64) {
	if n != 0 {
		w.whole(name, n)
	}
}

func (w *encoder) flag(name string, b bool) {
	w.name(name)
	switch {
	case !w.pack:
		w.buf = strconv.AppendBool(w.buf, b)
	case b:
		w.buf = append(w.buf, packTrue)
	default:
		w.buf = append(w.buf, packFalse)
	}
}

func (w *encoder) optFlag(name string, b bool) {
	if b {
		w.flag(name, b)
	}
}

// seconds writes a duration, to the millisecond. It is a whole number if it can be.
func (w *encoder) seconds(name string, d time.Duration) {
	d = max(0, d.Round(time.Millisecond))
	if d%time.Second == 0 {
		w.whole(name, uint64(d/time.Second))
		return
	}
	w.name(name)
	if w.pack {
		w.buf = binary.BigEndian.AppendUint64(append(w.buf, packFloat64), math.Float64bits(d.Seconds()))
		return
	}
	w.buf = strconv.AppendFloat(w.buf, d.Seconds(), 'f', -1, 64)
}

func (w *encoder) optSeconds(name string, d time.Duration) {
	if d != 0 {
		w.seconds(name, d)
	}
}

// payload writes the field data, and in JSON binary.
func (w *encoder) payload(p *Payload) {
	w.name("data")
	switch {
	case w.pack && p.Binary:
		w.buf = append(appendPackBinHeader(w.buf, len(p.Data)), p.Data...)
	case w.pack:
		w.buf = append(appendPackStrHeader(w.buf, len(p.Data)), p.Data...)
	case p.Binary:
		w.buf = append(base64.StdEncoding.AppendEncode(append(w.buf, '"'), p.Data), '"')
		w.flag("binary", true)
	default:
		w.buf = appendQuoted(w.buf, p.Data)
	}
}
