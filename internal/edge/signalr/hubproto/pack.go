package hubproto

import (
	"errors"
	"fmt"

	"github.com/tinylib/msgp/msgp"
)

// What a Completion says of its result.
const (
	resultError = 1
	resultVoid  = 2
	resultValue = 3
)

func decodePacked(frame []byte) (Message, error) {
	r := unpacker{rest: frame}
	m := r.message()
	if r.err != nil {
		return nil, fmt.Errorf("the message is not one of the hub protocol in MessagePack: %w", r.err)
	}
	if m == nil {
		return nil, nil
	}
	return m, check(m)
}

// unpacker reads the fields of one message. After an error it reads nothing more.
type unpacker struct {
	rest []byte
	left uint32 // fields
	err  error
}

// message returns nil for a type that nobody knows. Fields at the end may be missing or too many: other versions have fewer
// or more.
func (r *unpacker) message() Message {
	if r.left, r.rest, r.err = msgp.ReadArrayHeaderBytes(r.rest); r.err != nil {
		return nil
	}
	switch typ := r.number(); typ {
	case typeInvocation, typeStreamInvocation:
		r.headers()
		return &Invocation{ID: r.text(), Target: r.text(), Arguments: r.values(), Streams: r.texts(), Streaming: typ == typeStreamInvocation}
	case typeStreamItem:
		r.headers()
		return &StreamItem{r.text(), r.value()}
	case typeCompletion:
		r.headers()
		return r.completion()
	case typeCancelInvocation:
		r.headers()
		return &CancelInvocation{r.text()}
	case typePing:
		return new(Ping)
	case typeClose:
		return &Close{r.text(), r.boolean()}
	case typeAck:
		return &Ack{r.number()}
	case typeSequence:
		return &Sequence{r.number()}
	}
	return nil
}

func (r *unpacker) completion() *Completion {
	c := &Completion{ID: r.text()}
	switch kind := r.number(); {
	case r.err != nil:
	case kind == resultError:
		if c.Error = r.text(); c.Error == "" && r.err == nil {
			r.err = errors.New("a completion that has failed says why")
		}
	case kind == resultVoid:
	case kind == resultValue:
		c.Result = r.value()
	default:
		r.err = fmt.Errorf("%d is not a kind of result", kind)
	}
	return c
}

// more tells whether there is another field, and goes over to it.
func (r *unpacker) more() bool {
	if r.err != nil || r.left == 0 {
		return false
	}
	r.left--
	return true
}

// number returns 0 for a field that is missing.
func (r *unpacker) number() (n uint64) {
	if r.more() {
		n, r.rest, r.err = msgp.ReadUint64Bytes(r.rest)
	}
	return n
}

func (r *unpacker) boolean() (b bool) {
	if r.more() {
		b, r.rest, r.err = msgp.ReadBoolBytes(r.rest)
	}
	return b
}

// text returns "" for nil, as for a field that is missing.
func (r *unpacker) text() string {
	if !r.more() {
		return ""
	}
	return r.textOf()
}

func (r *unpacker) textOf() (s string) {
	if msgp.IsNil(r.rest) {
		r.rest = r.rest[1:]
		return ""
	}
	var b []byte
	if b, r.rest, r.err = msgp.ReadStringZC(r.rest); r.err == nil && len(b) > maxTextBytes {
		r.err = fmt.Errorf("a field of %d bytes; it has at most %d", len(b), maxTextBytes)
		return ""
	}
	return string(b)
}

// maxTextBytes bounds a field of text that is no value; of those only an error is longer than an ID.
const maxTextBytes = 4 << 10

// headers passes over what nobody looks at.
func (r *unpacker) headers() {
	if !r.more() {
		return
	}
	var n uint32
	if n, r.rest, r.err = msgp.ReadMapHeaderBytes(r.rest); r.err != nil {
		return
	}
	for range n {
		r.textOf()
		r.textOf()
		if r.err != nil {
			return
		}
	}
}

// list reads an array of at most MaxArguments things.
func (r *unpacker) list(one func()) {
	if !r.more() || msgp.IsNil(r.rest) {
		return // nothing follows that would have to be read
	}
	var n uint32
	n, r.rest, r.err = msgp.ReadArrayHeaderBytes(r.rest)
	if r.err == nil && n > MaxArguments {
		r.err = fmt.Errorf("%d arguments; there are at most %d", n, MaxArguments)
	}
	for i := uint32(0); i < n && r.err == nil; i++ {
		one()
	}
}

func (r *unpacker) texts() (all []string) {
	r.list(func() { all = append(all, r.textOf()) })
	return all
}

func (r *unpacker) values() (all []Value) {
	r.list(func() { all = append(all, r.valueOf()) })
	return all
}

func (r *unpacker) value() Value {
	if !r.more() {
		return Value{}
	}
	return r.valueOf()
}

func (r *unpacker) valueOf() (v Value) {
	v, r.rest, r.err = unpackValue(r.rest)
	return v
}

// appendPacked appends a message with its length before it.
func appendPacked(dst []byte, m Message) []byte {
	body := appendFields(nil, m)
	return append(appendLength(dst, len(body)), body...)
}

func appendFields(dst []byte, m Message) []byte {
	switch m := m.(type) {
	case *Invocation:
		typ := typeInvocation
		if m.Streaming {
			typ = typeStreamInvocation
		}
		dst = appendHead(dst, 6, typ)
		if m.ID == "" {
			dst = msgp.AppendNil(dst)
		} else {
			dst = msgp.AppendString(dst, m.ID)
		}
		dst = msgp.AppendArrayHeader(msgp.AppendString(dst, m.Target), uint32(len(m.Arguments)))
		for _, a := range m.Arguments {
			dst = a.appendPacked(dst)
		}
		dst = msgp.AppendArrayHeader(dst, uint32(len(m.Streams)))
		for _, id := range m.Streams {
			dst = msgp.AppendString(dst, id)
		}
		return dst
	case *StreamItem:
		return m.Item.appendPacked(msgp.AppendString(appendHead(dst, 4, typeStreamItem), m.ID))
	case *Completion:
		return appendCompletion(dst, m)
	case *CancelInvocation:
		return msgp.AppendString(appendHead(dst, 3, typeCancelInvocation), m.ID)
	case *Ping:
		return appendKind(dst, 1, typePing)
	case *Close:
		dst = appendKind(dst, 3, typeClose)
		if m.Error == "" {
			dst = msgp.AppendNil(dst)
		} else {
			dst = msgp.AppendString(dst, m.Error)
		}
		return msgp.AppendBool(dst, m.AllowReconnect)
	case *Ack:
		return msgp.AppendUint64(appendKind(dst, 2, typeAck), m.Sequence)
	case *Sequence:
		return msgp.AppendUint64(appendKind(dst, 2, typeSequence), m.Sequence)
	}
	return dst
}

func appendCompletion(dst []byte, m *Completion) []byte {
	switch {
	case m.Error != "":
		dst = msgp.AppendString(appendHead(dst, 5, typeCompletion), m.ID)
		return msgp.AppendString(msgp.AppendInt(dst, resultError), m.Error)
	case m.Result.IsZero():
		dst = msgp.AppendString(appendHead(dst, 4, typeCompletion), m.ID)
		return msgp.AppendInt(dst, resultVoid)
	}
	dst = msgp.AppendString(appendHead(dst, 5, typeCompletion), m.ID)
	return m.Result.appendPacked(msgp.AppendInt(dst, resultValue))
}

// appendKind begins a message of so many fields.
func appendKind(dst []byte, fields uint32, typ int) []byte {
	return msgp.AppendInt(msgp.AppendArrayHeader(dst, fields), typ)
}

// appendHead is appendKind for messages that have headers; ours have none in theirs.
func appendHead(dst []byte, fields uint32, typ int) []byte {
	return msgp.AppendMapHeader(appendKind(dst, fields, typ), 0)
}
