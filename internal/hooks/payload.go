package hooks

import (
	"encoding/base64"
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/protocol"
)

// payload is what a message carries, written as the Holdfast protocol writes it in JSON (docs/protocol.md):
// text is a string; bytes are base64 in a string, with "binary": true beside it.
type payload struct {
	Data   jsontext.Value `json:"data,omitzero"`
	Binary bool           `json:"binary,omitzero"`
}

// newPayload writes a payload.
func newPayload(p protocol.Payload) (payload, error) {
	if p.Binary {
		data, err := jsontext.AppendQuote(nil, base64.StdEncoding.EncodeToString(p.Data))
		return payload{data, true}, err
	}
	if !utf8.Valid(p.Data) {
		return payload{}, errors.New("the text is not valid UTF-8")
	}
	data, err := jsontext.AppendQuote(nil, p.Data)
	return payload{Data: data}, err
}

// read reads a payload. A JSON value that is no string is text: its compact JSON.
func (p *payload) read() (protocol.Payload, error) {
	text, err := textOf(p.Data)
	switch {
	case err != nil:
		return protocol.Payload{}, err
	case !p.Binary:
		return protocol.Payload{Data: []byte(text)}, nil
	case p.Data.Kind() != '"':
		return protocol.Payload{}, errors.New(`"data" with "binary" has to be base64 in a string`)
	}
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return protocol.Payload{}, errors.New(`"data" is not base64 (the standard alphabet, with padding), which "binary" asks for`)
	}
	return protocol.Payload{Data: data, Binary: true}, nil
}

// textOf returns the text that a JSON string stands for, or the compact JSON of another value; "" for none.
func textOf(v jsontext.Value) (string, error) {
	switch v.Kind() {
	case 0:
		return "", nil
	case '"':
		text, err := jsontext.AppendUnquote(nil, v)
		return string(text), err
	}
	err := v.Compact()
	return string(v), err
}
