package protocol

// Encoding is how messages are written. The zero value is JSON.
type Encoding byte

// The encodings.
const (
	JSON        Encoding = iota // in text frames
	MessagePack                 // in binary frames
)

// The subprotocols of the WebSocket handshake, in the server's order of preference.
const (
	SubprotocolJSON        = "holdfast.v1.json"
	SubprotocolMessagePack = "holdfast.v1.msgpack"
)

// Subprotocols returns all of them.
func Subprotocols() []string { return []string{SubprotocolJSON, SubprotocolMessagePack} }

// EncodingOf returns the encoding that a handshake has agreed on. Without a subprotocol it is
// JSON, so that it can be typed by hand. ok is false if it is none of this protocol.
func EncodingOf(subprotocol string) (e Encoding, ok bool) {
	switch subprotocol {
	case "", SubprotocolJSON:
		return JSON, true
	case SubprotocolMessagePack:
		return MessagePack, true
	}
	return JSON, false
}

// Binary reports whether the encoding is sent in binary frames.
func (e Encoding) Binary() bool { return e == MessagePack }

// String returns the name for people.
func (e Encoding) String() string {
	if e == MessagePack {
		return "MessagePack"
	}
	return "JSON"
}

// Join appends encoded objects as one WebSocket message: a single one as it is, several as an
// array. There is at least one.
func (e Encoding) Join(dst []byte, objects ...[]byte) []byte {
	if len(objects) == 1 {
		return append(dst, objects[0]...)
	}
	w := encoder{buf: dst, pack: e == MessagePack}
	w.array(len(objects))
	for _, object := range objects {
		w.element()
		w.buf = append(w.buf, object...)
	}
	w.endArray()
	return w.buf
}
