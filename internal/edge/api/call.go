package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/config/nearest"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// call is one request on its way through an endpoint.
type call struct {
	ctx    context.Context
	client *session.Client
	query  *query
	body   []byte
	key    string // its Idempotency-Key, "" without one
}

// minBody is the body that is taken, in bytes, at least.
const minBody = 8 << 20

// readBody reads the body of a request, which holds its bytes of what all bodies may have until done is called.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request) (body []byte, done func(), err error) {
	weight := max(r.ContentLength, requestWeight)
	if r.ContentLength < 0 { // nobody knows
		weight = h.maxBody
	}
	ctx, cancel := context.WithTimeout(r.Context(), flightTimeout)
	defer cancel()
	if h.flight.Acquire(ctx, weight) != nil {
		return nil, nil, errBusy
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody))
	if err == nil {
		return body, func() { h.flight.Release(weight) }, nil
	}
	h.flight.Release(weight)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, nil, h.tooLarge()
	}
	return nil, nil, badRequest("the body could not be read: %w", err)
}

var errBusy = &door.RequestError{Kind: "unavailable", Status: http.StatusServiceUnavailable, After: flightTimeout,
	Err: errors.New("too many requests are being served; send fewer at a time")}

func (h *Handler) tooLarge() error {
	return refusal("too_large", http.StatusRequestEntityTooLarge, "the body has more than %d bytes; send less at a time", h.maxBody)
}

// decode reads the body, a JSON object with the fields of T and no others.
func decode[T any](c *call) (v T, err error) {
	err = json.Unmarshal(c.body, &v, json.RejectUnknownMembers(true))
	if err == nil {
		return v, nil
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		return v, badRequest("the body has a name twice in one object; write it once")
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		name, known := semantic.JSONPointer.LastToken(), fieldsOf(reflect.TypeFor[T]())
		switch {
		case errors.Is(err, json.ErrUnknownName):
			if meant := nearest.Word(name, known); meant != "" {
				return v, badRequest("unknown field %.60q; did you mean %q?", name, meant)
			}
			return v, badRequest("unknown field %.60q; the known ones are %s", name, strings.Join(known, ", "))
		case semantic.JSONPointer == "":
			return v, badRequest("the body is no JSON object; write one with %s", strings.Join(known, ", "))
		}
		return v, badRequest("%.100q is of the wrong type; see /v1/openapi.json", string(semantic.JSONPointer))
	}
	return v, badRequest("the body is not JSON: it breaks off, or has a fault at byte %d", offsetOf(err))
}

func offsetOf(err error) int64 {
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return syntactic.ByteOffset
	}
	return 0
}

// fieldsOf returns the names of all fields that JSON of a type may have, those of what is in it too.
func fieldsOf(t reflect.Type) (names []string) {
	switch t.Kind() {
	case reflect.Slice, reflect.Pointer:
		return fieldsOf(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	for f := range t.Fields() {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
		names = append(names, fieldsOf(f.Type)...)
	}
	return names
}

// channelOf reads the name of a channel.
func channelOf(s string) (channel.Name, error) {
	name, err := channel.Parse(s)
	if err != nil {
		return "", refusal("bad_channel", http.StatusBadRequest, "%w", err)
	}
	return name, nil
}

// patternOf reads a pattern of channels.
func patternOf(s string) (channel.Pattern, error) {
	p, err := channel.ParsePattern(s)
	if err != nil {
		return "", refusal("bad_channel", http.StatusBadRequest, "%w", err)
	}
	return p, nil
}

// channelFor reads the channel of a query, with which the client may do something.
func (c *call) channelFor(action auth.Action) (channel.Name, error) {
	name, err := channelOf(c.query.text("channel"))
	if err == nil {
		err = c.client.Allow(action, name.Pattern())
	}
	return name, err
}
