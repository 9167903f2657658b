package protocol

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonSource reads one JSON message.
type jsonSource struct {
	dec     jsontext.Decoder
	buf     bytes.Buffer // of data; dec reads it in place
	data    []byte
	scratch []byte // of text with escapes
	err     *Error
}

// jsonSources keeps those that are not in use: a decoder has tables worth keeping.
var jsonSources = sync.Pool{New: func() any { return new(jsonSource) }}

// maxScratchBytes is how much a source keeps while it is not in use.
const maxScratchBytes = 4 << 10

// release gives the source back, without the message.
func (s *jsonSource) release() {
	s.data, s.err, s.buf = nil, nil, bytes.Buffer{}
	s.dec.Reset(&s.buf)
	if cap(s.scratch) > maxScratchBytes {
		s.scratch = nil
	}
	jsonSources.Put(s)
}

// reset begins a message. Its depth and its keys are counted before anything else looks at it, so that neither costs
// anything beyond that.
func (s *jsonSource) reset(data []byte) {
	s.data, s.err = data, checkShape(data)
	s.buf = *bytes.NewBuffer(data)
	s.dec.Reset(&s.buf)
}

// checkShape counts brackets and colons outside strings. It takes broken JSON, too.
func checkShape(data []byte) *Error {
	depth, keys, inString := 0, 0, false
	for at := 0; at < len(data); at++ {
		switch c := data[at]; {
		case inString:
			switch c {
			case '\\':
				at++
			case '"':
				inString = false
			}
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return Errorf(CodeBadJSON, "the message is nested deeper than %d at byte %d; send deep data as text", MaxDepth, at)
			}
		case c == '}' || c == ']':
			depth--
		case c == ':':
			if keys++; keys > MaxKeys {
				return Errorf(CodeBadJSON, "the message has more than %d keys at byte %d; send such data as text", MaxKeys, at)
			}
		}
	}
	return nil
}

func (s *jsonSource) broken() *Error { return s.err }

// fail notes why the syntax is broken.
func (s *jsonSource) fail(err error) {
	if err == nil || s.err != nil {
		return
	}
	at, why := s.dec.InputOffset(), err.Error()
	var syntax *jsontext.SyntacticError
	switch {
	case errors.As(err, &syntax):
		at, why = syntax.ByteOffset, syntax.Err.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		why = "it ends too early"
	}
	s.err = Errorf(CodeBadJSON, "the message is not JSON at byte %d: %s", at, clip(why, 3*maxQuotedBytes))
}

func (s *jsonSource) peek() kind {
	if s.err != nil {
		return kindNone
	}
	switch s.dec.PeekKind() {
	case 'n':
		return kindNull
	case 't', 'f':
		return kindBool
	case '0':
		return kindNumber
	case '"':
		return kindText
	case '[':
		return kindArray
	case '{':
		return kindObject
	}
	// The end of an array or object, or of the message, or broken syntax; reading tells which.
	return kindNone
}

// raw returns the next value where it lies in the message, which unlike the decoder's buffer stays valid.
func (s *jsonSource) raw() []byte {
	if s.err != nil {
		return nil
	}
	value, err := s.dec.ReadValue()
	if err != nil {
		s.fail(err)
		return nil
	}
	end := s.dec.InputOffset()
	return s.data[end-int64(len(value)) : end]
}

func (s *jsonSource) skip() {
	if s.err == nil {
		s.fail(s.dec.SkipValue())
	}
}

func (s *jsonSource) boolean() bool { return string(s.raw()) == "true" }

func (s *jsonSource) number() number {
	raw := s.raw()
	whole, err := strconv.ParseUint(string(raw), 10, 64)
	if err == nil {
		return number{whole: whole, isWhole: true, float: float64(whole)}
	}
	float, _ := strconv.ParseFloat(string(raw), 64) // out of range is ±Inf, which is out of every bound
	return number{float: float}
}

func (s *jsonSource) text() []byte {
	raw := s.raw()
	switch {
	case raw == nil:
		return nil
	case bytes.IndexByte(raw, '\\') < 0:
		return raw[1 : len(raw)-1]
	}
	text, err := jsontext.AppendUnquote(s.scratch[:0], raw)
	s.scratch = text
	s.fail(err)
	return text
}

// binary is never called: peek does not tell of any.
func (s *jsonSource) binary() []byte { return nil }

func (s *jsonSource) enter() { s.token() }

func (s *jsonSource) next() bool {
	if s.err != nil {
		return false
	}
	switch s.dec.PeekKind() {
	case ']', '}':
		s.token()
		return false
	case 0: // broken: reading tells how
		s.token()
		return false
	}
	return true
}

func (s *jsonSource) token() {
	if s.err == nil {
		_, err := s.dec.ReadToken()
		s.fail(err)
	}
}

// end notes a fault if anything but white space follows.
func (s *jsonSource) end() {
	if s.err != nil {
		return
	}
	at := s.dec.InputOffset()
	if _, err := s.dec.ReadToken(); err == nil {
		s.err = Errorf(CodeBadJSON, "there is more behind the end of the message, at byte %d; put several commands into an array", at)
	} else if err != io.EOF {
		s.fail(err)
	}
}
