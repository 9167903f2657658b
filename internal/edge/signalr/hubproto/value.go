package hubproto

import (
	"encoding/base64"

	"github.com/go-json-experiment/json/jsontext"
)

// Value is an argument, an item or a result: JSON, or bytes, which only MessagePack tells from text. The zero Value is none at
// all.
type Value struct {
	json   jsontext.Value
	binary []byte
}

// Text returns text as a value. What is not UTF-8 in it becomes U+FFFD.
func Text(s string) Value { return Value{json: appendQuoted(nil, s)} }

// Binary returns bytes as a value. In JSON they are base64 in a string, as .NET has it.
func Binary(b []byte) Value {
	if b == nil {
		b = []byte{}
	}
	return Value{binary: b}
}

// JSON returns what JSON text says as a value. The text must be valid.
func JSON(text []byte) Value { return Value{json: text} }

// IsZero tells whether v is none at all.
func (v Value) IsZero() bool { return v.json == nil && v.binary == nil }

// Text returns the text that v is; ok tells whether it is text.
func (v Value) Text() (text string, ok bool) {
	if v.json.Kind() != '"' {
		return "", false
	}
	unquoted, err := jsontext.AppendUnquote(nil, v.json)
	return string(unquoted), err == nil
}

// Binary returns the bytes that v is; ok tells whether it is bytes.
func (v Value) Binary() (b []byte, ok bool) { return v.binary, v.binary != nil }

// AppendJSON appends v as JSON.
func (v Value) AppendJSON(dst []byte) []byte {
	switch {
	case v.binary != nil:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.binary)
		return append(dst, '"')
	case v.json == nil:
		return append(dst, "null"...)
	}
	return append(dst, v.json...)
}
