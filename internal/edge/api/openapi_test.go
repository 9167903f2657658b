package api

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contract is the document with which the tests hold the API to what it says.
type contract struct {
	doc    *openapi3.T
	routes routers.Router
}

// documented reads the document, once. Answers may have no fields there that it does not name.
var documented = sync.OnceValues(func() (*contract, error) {
	var tree map[string]any
	if err := json.Unmarshal(document, &tree); err != nil {
		return nil, err
	}
	forbidOthers(tree["components"].(map[string]any)["schemas"])
	strict, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(strict)
	if err != nil {
		return nil, err
	}
	routes, err := gorillamux.NewRouter(doc)
	return &contract{doc, routes}, err
})

// forbidOthers has objects have no fields but those that are named.
func forbidOthers(v any) {
	switch v := v.(type) {
	case map[string]any:
		if _, named := v["properties"].(map[string]any); named {
			v["additionalProperties"] = false
		}
		for _, below := range v {
			forbidOthers(below)
		}
	case []any:
		for _, below := range v {
			forbidOthers(below)
		}
	}
}

// hold compares a request and its answer with the document.
func (c *contract) hold(t *testing.T, r *http.Request, body string, resp *http.Response, answer string) {
	t.Helper()
	asked := r.Clone(r.Context())
	asked.URL.Scheme, asked.URL.Host, asked.Host = "", "", ""
	route, params, err := c.routes.FindRoute(asked)
	if errors.Is(err, routers.ErrPathNotFound) || errors.Is(err, routers.ErrMethodNotAllowed) {
		if resp.StatusCode < 400 {
			t.Errorf("%s %s is not in the document, and answered %d", r.Method, r.URL, resp.StatusCode)
		}
		return
	}
	if err != nil {
		t.Error(err)
		return
	}
	if body != "" {
		asked.Body = io.NopCloser(strings.NewReader(body))
	}
	options := &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
	}
	in := &openapi3filter.RequestValidationInput{Request: asked, PathParams: params, Route: route, Options: options}
	if resp.StatusCode == http.StatusOK {
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			t.Errorf("%s %s %s was answered, and is not as the document wants it: %v", r.Method, r.URL, body, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header, Options: options,
		Body: io.NopCloser(strings.NewReader(answer)),
	}
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		t.Errorf("%s %s answered %d %s, which is not as the document says: %v", r.Method, r.URL, resp.StatusCode, answer, err)
	}
}

func TestTheDocumentIsOpenAPIAndAnswersWithoutAKey(t *testing.T) {
	e := start(t)
	r := e.ask("GET", "/v1/openapi.json", "", "Authorization: ")
	e.want(r, 200, `"openapi":"3.1.1"`)
	if got := r.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("Content-Type %s", got)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTheDocumentHasEveryEndpointAndNoOther(t *testing.T) {
	e := start(t)
	c, err := documented()
	if err != nil {
		t.Fatal(err)
	}
	var served, told []string
	for _, one := range e.endpoints {
		served = append(served, one.method+" "+one.path)
		op := c.doc.Paths.Value(one.path).GetOperation(one.method)
		if op == nil {
			continue
		}
		if says := strings.Contains(op.Description, "manage: true"); says != one.manages {
			t.Errorf("%s %s: whether it takes a managing key is %v, and the document says %v", one.method, one.path, one.manages, says)
		}
		takesKey := op.Parameters.GetByInAndName("header", "Idempotency-Key") != nil
		if takesKey != one.mutates() {
			t.Errorf("%s %s: whether it takes an Idempotency-Key is %v, and the document says %v", one.method, one.path, one.mutates(), takesKey)
		}
	}
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			told = append(told, method+" "+path)
		}
	}
	slices.Sort(served)
	slices.Sort(told)
	if !slices.Equal(served, told) {
		t.Errorf("served: %q\ntold: %q", served, told)
	}
}

// What the document says of bodies is what the server reads: each field of the one is in the other.
func TestTheDocumentHasEveryFieldThatMayBeSent(t *testing.T) {
	c, err := documented()
	if err != nil {
		t.Fatal(err)
	}
	for name, fields := range map[string][]string{
		"Publication": ownFieldsOf[publication](), "BatchItem": ownFieldsOf[batchItem](), "Batch": ownFieldsOf[batchRequest](), "Broadcast": ownFieldsOf[broadcastRequest](),
		"Disconnect": ownFieldsOf[disconnectRequest](), "Revoke": ownFieldsOf[revokeRequest](), "TokenRequest": ownFieldsOf[tokenRequest](),
		"Drain": ownFieldsOf[drainRequest](), "Rebalance": ownFieldsOf[rebalanceRequest](),
		"Rescue": ownFieldsOf[rescueRequest](),
	} {
		var told []string
		for field := range c.doc.Components.Schemas[name].Value.Properties {
			told = append(told, field)
		}
		slices.Sort(told)
		if !slices.Equal(told, fields) {
			t.Errorf("%s: the server reads %q, and the document has %q", name, fields, told)
		}
	}
}

// ownFieldsOf returns the names of the fields of T in order, without those of what is in it.
func ownFieldsOf[T any]() []string {
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[T]()) {
		if name := f.Tag.Get("json"); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
