package handshake

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Extension is an element of Sec-WebSocket-Extensions (RFC 6455 section 9.1).
type Extension struct {
	Name   string
	Params []Param // in the order they came, repeated names included
}

// Param is a parameter of an [Extension]. A value is never empty where one is given, so an empty Value means that the parameter
// came without one.
type Param struct {
	Name, Value string
}

// Extensions parses all Sec-WebSocket-Extensions headers in h, in order; none if the header is absent. A value may be a token or a
// quoted string whose content is a token. It is an error if the header does not follow the grammar, or has
// more than 64 extensions or more than 64 parameters in all.
func Extensions(h http.Header) ([]Extension, error) {
	lines := h.Values("Sec-WebSocket-Extensions")
	if len(lines) == 0 {
		return nil, nil
	}
	var (
		list   []Extension
		params int
	)
	for _, line := range lines {
		s := scanner{rest: line}
		for {
			s.skipSpace()
			if s.rest == "" {
				break
			}
			if s.take(',') { // lists may have empty elements (RFC 9110 section 5.6.1.2)
				continue
			}
			if len(list) == maxListElements {
				return nil, fmt.Errorf("Sec-WebSocket-Extensions has more than %d extensions", maxListElements)
			}
			ext, err := s.extension(maxListElements - params)
			if err != nil {
				return nil, fmt.Errorf("Sec-WebSocket-Extensions %w (RFC 6455 section 9.1)", err)
			}
			params += len(ext.Params)
			list = append(list, ext)
		}
	}
	if list == nil {
		return nil, errors.New("Sec-WebSocket-Extensions is empty; leave it out if there is nothing to offer")
	}
	return list, nil
}

// scanner reads one header line from left to right; rest is what it has not read.
type scanner struct {
	rest string
}

func (s *scanner) skipSpace() {
	s.rest = strings.TrimLeft(s.rest, " \t")
}

// take reads the byte c, if it comes next.
func (s *scanner) take(c byte) bool {
	if s.rest == "" || s.rest[0] != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

// token reads a token, or "" if none comes next.
func (s *scanner) token() string {
	n := 0
	for n < len(s.rest) && isTokenByte(s.rest[n]) {
		n++
	}
	token := s.rest[:n]
	s.rest = s.rest[n:]
	return token
}

// extension reads a name and at most maxParams parameters, up to the end of the line or behind a comma.
func (s *scanner) extension(maxParams int) (ext Extension, err error) {
	if ext.Name = s.token(); ext.Name == "" {
		return ext, fmt.Errorf("lacks an extension name at %s", quote(s.rest))
	}
	for {
		s.skipSpace()
		if s.rest == "" || s.take(',') {
			return ext, nil
		}
		if !s.take(';') {
			return ext, fmt.Errorf("has neither ';' nor ',' at %s", quote(s.rest))
		}
		if len(ext.Params) == maxParams {
			return ext, fmt.Errorf("has more than %d parameters", maxListElements)
		}
		p, err := s.param()
		if err != nil {
			return ext, err
		}
		ext.Params = append(ext.Params, p)
	}
}

func (s *scanner) param() (p Param, err error) {
	s.skipSpace()
	if p.Name = s.token(); p.Name == "" {
		return p, fmt.Errorf("lacks a parameter name at %s", quote(s.rest))
	}
	s.skipSpace()
	if !s.take('=') {
		return p, nil
	}
	s.skipSpace()
	if s.take('"') {
		p.Value, err = s.quoted()
		return p, err
	}
	if p.Value = s.token(); p.Value == "" {
		return p, fmt.Errorf("lacks a value for %s", quote(p.Name))
	}
	return p, nil
}

// quoted reads a quoted string behind its opening quote. Unescaped, it must be a token (RFC 6455 section 9.1).
func (s *scanner) quoted() (string, error) {
	var value []byte
	for i := 0; i < len(s.rest); i++ {
		switch c := s.rest[i]; {
		case c == '"':
			if len(value) == 0 {
				return "", errors.New("has an empty quoted value")
			}
			s.rest = s.rest[i+1:]
			return string(value), nil
		case c == '\\' && i+1 < len(s.rest):
			i++
			fallthrough
		default:
			if !isTokenByte(s.rest[i]) {
				return "", fmt.Errorf("has a quoted value that is not a token at %s", quote(s.rest[i:]))
			}
			value = append(value, s.rest[i])
		}
	}
	return "", errors.New("has a quoted value without its closing quote")
}
