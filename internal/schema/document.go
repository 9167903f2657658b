package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// What a document may be, so that what it costs to look into one is bounded by its length.
const (
	maxDepth       = 64
	maxValues      = 20_000 // objects, arrays, texts, numbers and the rest, together
	maxNumberChars = 64
	maxExponent    = 400 // more than floating point numbers have
)

// document is a JSON text that has been read: maps, slices, strings, json.Numbers, booleans and nil.
type document struct {
	value  any
	values int // how many there are in it
}

// reader reads one document.
type reader struct {
	buf    bytes.Buffer // of the text; dec reads it in place
	dec    jsontext.Decoder
	values int
}

// readers keeps those that are not in use: a decoder has tables worth keeping.
var readers = sync.Pool{New: func() any { return new(reader) }}

// read returns the document that a text is. The error is a *Mismatch. A name that is twice in an object
// is an error: others might take the one where this takes the other.
func read(text []byte) (document, error) {
	r := readers.Get().(*reader)
	r.buf, r.values = *bytes.NewBuffer(text), 0
	r.dec.Reset(&r.buf)
	value, err := r.whole()
	d := document{value, r.values}
	if err != nil {
		err = r.explain(err)
	}
	r.buf = bytes.Buffer{}
	r.dec.Reset(&r.buf)
	readers.Put(r)
	return d, err
}

// whole reads a value and the end of the text behind it.
func (r *reader) whole() (any, error) {
	value, err := r.value()
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.ReadToken(); err == nil {
		return nil, errors.New("there is a second value behind the first")
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return value, nil
}

func (r *reader) value() (any, error) {
	token, err := r.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	if r.values++; r.values > maxValues {
		return nil, r.tooMuch("it has more than %d values", maxValues)
	}
	switch token.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return token.Bool(), nil
	case '"':
		return token.String(), nil
	case '0':
		return r.number(token.String())
	}
	if r.dec.StackDepth() > maxDepth {
		return nil, r.tooMuch("it is nested deeper than %d", maxDepth)
	}
	if token.Kind() == '[' {
		return r.array()
	}
	return r.object()
}

func (r *reader) array() (any, error) {
	list := []any{}
	for r.dec.PeekKind() != ']' {
		v, err := r.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := r.dec.ReadToken()
	return list, err
}

func (r *reader) object() (any, error) {
	members := map[string]any{}
	for r.dec.PeekKind() != '}' {
		name, err := r.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String() // the token is gone with the next one
		if members[key], err = r.value(); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.ReadToken()
	return members, err
}

// number takes a number as it is written. One that is computed with exactly must not be too long for that.
func (r *reader) number(text string) (any, error) {
	exponent := ""
	if at := strings.IndexAny(text, "eE"); at >= 0 {
		exponent = text[at+1:]
	}
	if n, err := strconv.Atoi(exponent); len(text) > maxNumberChars || exponent != "" && (err != nil || max(n, -n) > maxExponent) {
		return nil, r.tooMuch("the number has more than %d characters, or an exponent beyond %d", maxNumberChars, maxExponent)
	}
	return json.Number(text), nil
}

// tooMuch is about the value that has just been read.
func (r *reader) tooMuch(format string, args ...any) error {
	return &Mismatch{Path: clip(string(r.dec.StackPointer())), Problem: fmt.Sprintf(format, args...)}
}

// explain says why a text is no document.
func (r *reader) explain(err error) error {
	if _, ok := errors.AsType[*Mismatch](err); ok {
		return err
	}
	at, why := r.dec.InputOffset(), err.Error()
	path := ""
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		at, why, path = syntax.ByteOffset, syntax.Err.Error(), string(syntax.JSONPointer)
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &Mismatch{Path: clip(path), Problem: "the name is there twice", offset: at}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		why = "it ends too early"
	}
	return &Mismatch{Path: clip(path), Problem: fmt.Sprintf("it is not JSON at byte %d: %s", at, clip(why)), offset: at}
}
