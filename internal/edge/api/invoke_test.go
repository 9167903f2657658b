package api

import (
	"context"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/session"
)

// methods is a client with methods.
type methods struct{ *listener }

func (methods) Invoke(ctx context.Context, method string, arguments []byte) ([]byte, error) {
	switch method {
	case "echo":
		return arguments, nil
	case "fail":
		return nil, &session.ClientError{Message: "no"}
	case "go":
		return nil, session.ErrGone
	}
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestAMethodOfAClientIsInvoked(t *testing.T) {
	e := start(t)
	able, unable := e.connect("ada", "s1"), e.connect("bob", "s2")
	able.Connected(methods{able})
	to := `{"connection":"` + able.ID() + `"`
	for _, test := range []struct {
		body   string
		status int
		has    string
	}{
		{to + `,"method":"echo","arguments":[1,{"a":null}]}`, 200, `{"result":[1,{"a":null}]}`},
		{to + `,"method":"echo"}`, 200, `{"result":[]}`},
		{to + `,"method":"fail"}`, 502, "the client has answered with an error: no"},
		{to + `,"method":"go"}`, 502, "has gone"},
		{to + `,"method":"wait","timeout":0.001}`, 504, "client_timeout"},
		{`{"connection":"` + unable.ID() + `","method":"echo"}`, 409, "cannot_invoke"},
		{`{"connection":"none","method":"echo"}`, 404, "no_connection"},
		{`{"connection":"","method":"echo"}`, 400, "name a connection"},
		{to + `,"method":""}`, 400, "name a method"},
		{to + `,"method":"echo","arguments":{}}`, 400, "array"},
		{to + `,"method":"echo","timeout":61}`, 400, "at most 60"},
		{to + `,"methods":"echo"}`, 400, `did you mean \"method\"?`},
	} {
		e.want(e.ask("POST", "/v1/invoke", test.body), test.status, test.has)
	}
}
