package hubproto

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tinylib/msgp/msgp"
)

// unpackValue reads one value of MessagePack, of which it is a copy, and returns what follows it.
func unpackValue(b []byte) (v Value, rest []byte, err error) {
	if msgp.NextType(b) == msgp.BinType {
		raw, rest, err := msgp.ReadBytesZC(b)
		return Binary(bytes.Clone(raw)), rest, err
	}
	text, rest, err := packToJSON(nil, b, 0)
	return Value{json: text}, rest, err
}

// packToJSON appends the next value of b as JSON, the way that .NET's types correspond: bytes are base64, instants are
// text of ISO 8601. It calls itself at most MaxDepth deep.
func packToJSON(dst, b []byte, depth int) (_, rest []byte, err error) {
	if depth > MaxDepth {
		return nil, nil, fmt.Errorf("a value is nested deeper than %d", MaxDepth)
	}
	switch typ := msgp.NextType(b); typ {
	case msgp.NilType:
		return append(dst, "null"...), b[1:], nil
	case msgp.BoolType:
		v, rest, err := msgp.ReadBoolBytes(b)
		return strconv.AppendBool(dst, v), rest, err
	case msgp.IntType:
		v, rest, err := msgp.ReadInt64Bytes(b)
		return strconv.AppendInt(dst, v, 10), rest, err
	case msgp.UintType:
		v, rest, err := msgp.ReadUint64Bytes(b)
		return strconv.AppendUint(dst, v, 10), rest, err
	case msgp.Float32Type, msgp.Float64Type:
		return packFloatToJSON(dst, b)
	case msgp.StrType:
		v, rest, err := msgp.ReadStringZC(b)
		if err == nil && !utf8.Valid(v) {
			err = fmt.Errorf("text is not UTF-8")
		}
		return appendQuoted(dst, string(v)), rest, err
	case msgp.BinType:
		v, rest, err := msgp.ReadBytesZC(b)
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), v)
		return append(dst, '"'), rest, err
	case msgp.TimeType, msgp.ExtensionType: // the only extension that there is a reader for
		v, rest, err := msgp.ReadTimeBytes(b)
		return appendQuoted(dst, v.UTC().Format(time.RFC3339Nano)), rest, err
	case msgp.ArrayType:
		return packArrayToJSON(dst, b, depth)
	case msgp.MapType:
		return packMapToJSON(dst, b, depth)
	default:
		return nil, nil, fmt.Errorf("a value of type %v, which has no counterpart in JSON", typ)
	}
}

func packFloatToJSON(dst, b []byte) (_, rest []byte, err error) {
	v, bits := 0.0, 64
	if msgp.NextType(b) == msgp.Float32Type {
		var short float32
		short, rest, err = msgp.ReadFloat32Bytes(b)
		v, bits = float64(short), 32
	} else {
		v, rest, err = msgp.ReadFloat64Bytes(b)
	}
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = fmt.Errorf("%v is no number in JSON", v)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, bits), rest, err
}

func packArrayToJSON(dst, b []byte, depth int) (_, rest []byte, err error) {
	n, rest, err := msgp.ReadArrayHeaderBytes(b)
	dst = append(dst, '[')
	for i := uint32(0); i < n && err == nil; i++ {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst, rest, err = packToJSON(dst, rest, depth+1)
	}
	return append(dst, ']'), rest, err
}

func packMapToJSON(dst, b []byte, depth int) (_, rest []byte, err error) {
	n, rest, err := msgp.ReadMapHeaderBytes(b)
	dst = append(dst, '{')
	seen := make(map[string]bool)
	for i := uint32(0); i < n && err == nil; i++ {
		var key []byte
		if key, rest, err = msgp.ReadMapKeyZC(rest); err != nil {
			break
		}
		if name := string(key); seen[name] || !utf8.Valid(key) {
			return nil, nil, fmt.Errorf("the key %.20q of a map comes twice, or is not UTF-8", name)
		}
		seen[string(key)] = true
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, string(key)), ':')
		dst, rest, err = packToJSON(dst, rest, depth+1)
	}
	return append(dst, '}'), rest, err
}

// appendPacked appends v in MessagePack. What is JSON has been checked before.
func (v Value) appendPacked(dst []byte) []byte {
	switch {
	case v.binary != nil:
		return msgp.AppendBytes(dst, v.binary)
	case v.json == nil:
		return msgp.AppendNil(dst)
	}
	before := len(dst)
	out, err := appendJSONPacked(dst, jsontext.NewDecoder(bytes.NewReader(v.json)), 0)
	if err != nil { // deeper than readers are to be trusted with; as text it says the same
		return msgp.AppendStringFromBytes(out[:before], v.json)
	}
	return out
}

// appendJSONPacked appends the next value of d.
func appendJSONPacked(dst []byte, d *jsontext.Decoder, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return dst, fmt.Errorf("a value is nested deeper than %d", MaxDepth)
	}
	token, err := d.ReadToken()
	if err != nil {
		return dst, err
	}
	switch kind := token.Kind(); kind {
	case 'n':
		return msgp.AppendNil(dst), nil
	case 't', 'f':
		return msgp.AppendBool(dst, token.Bool()), nil
	case '"':
		return msgp.AppendString(dst, token.String()), nil
	case '0':
		return appendNumber(dst, token), nil
	case '[', '{':
		return appendAll(dst, d, kind, depth)
	}
	return dst, fmt.Errorf("%v where a value has to be", token)
}

func appendNumber(dst []byte, token jsontext.Token) []byte {
	text := token.String()
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return msgp.AppendUint64(dst, n)
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return msgp.AppendInt64(dst, n)
	}
	return msgp.AppendFloat64(dst, token.Float())
}

// appendAll appends what is in an array or an object. How much that is is known only at the end: then the header is put
// before it.
func appendAll(dst []byte, d *jsontext.Decoder, kind jsontext.Kind, depth int) (_ []byte, err error) {
	start := len(dst)
	n := uint32(0)
	for ; d.PeekKind() != ']' && d.PeekKind() != '}'; n++ {
		if dst, err = appendJSONPacked(dst, d, depth+1); err != nil {
			return dst, err
		}
	}
	if _, err := d.ReadToken(); err != nil { // the end
		return dst, err
	}
	var header []byte
	if kind == '[' {
		header = msgp.AppendArrayHeader(nil, n)
	} else {
		header = msgp.AppendMapHeader(nil, n/2)
	}
	dst = append(dst, header...)
	copy(dst[start+len(header):], dst[start:len(dst)-len(header)])
	copy(dst[start:], header)
	return dst, nil
}
