package protocol

import (
	"bytes"
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"
)

// Payload is what a message carries: text, which is valid UTF-8, or bytes.
type Payload struct {
	Data   []byte
	Binary bool
}

// Text returns a payload of text.
func Text(s string) Payload { return Payload{Data: []byte(s)} }

// Binary returns a payload of bytes, which it keeps.
func Binary(b []byte) Payload { return Payload{Data: b, Binary: true} }

// payloadReader reads the fields data and, in JSON, binary, in whichever order they come.
type payloadReader struct {
	data     []byte // nil if there was none
	kind     kind   // of data
	isBase64 bool
}

// field reads one of the two, or refuses the field.
func (r *payloadReader) field(d *decoder, name string) {
	switch {
	case name == "binary" && !d.pack:
		r.isBase64 = d.flag(name)
	case name != "data":
		d.unknown(name)
	default:
		r.read(d)
	}
}

// read takes the value of data. What it keeps is a copy, never nil.
func (r *payloadReader) read(d *decoder) {
	r.kind = d.peek()
	switch {
	case r.kind == kindText:
		r.data = append([]byte{}, d.source.text()...)
	case r.kind == kindBinary:
		r.data = append([]byte{}, d.binary()...)
	case d.pack:
		d.refuse(CodeBadCommand, `"data" of %s is %v; it has to be text or binary`, d.in, r.kind)
		d.skip()
	default:
		value := jsontext.Value(bytes.Clone(d.raw()))
		if err := value.Compact(); err != nil { // only of what is not JSON, which the source has noted
			return
		}
		r.data = value
	}
}

// result returns the payload, once all fields of the object in have been read.
func (r *payloadReader) result(d *decoder, in string) Payload {
	switch {
	case d.pack:
		return Payload{Data: r.data, Binary: r.kind == kindBinary}
	case !r.isBase64 || r.data == nil:
		return Payload{Data: r.data}
	case r.kind != kindText:
		d.refuse(CodeBadCommand, `"data" of %s is %v; with "binary" it has to be base64 in a string`, in, r.kind)
		return Payload{}
	}
	brokenLines := bytes.ContainsAny(r.data, "\r\n") // which the decoder would overlook
	n, err := base64.StdEncoding.Strict().Decode(r.data, r.data)
	if err != nil || brokenLines {
		d.refuse(CodeBadCommand, `"data" of %s is not base64 (the standard alphabet, with padding), which "binary" asks for`, in)
		return Payload{}
	}
	return Payload{Data: r.data[:n], Binary: true}
}
