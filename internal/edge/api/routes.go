package api

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/config/nearest"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// endpoint is one thing that can be asked for.
type endpoint struct {
	method, path string
	manages      bool                       // it takes a key that may look after the server
	serve        func(c *call) (any, error) // returns what is answered as JSON
}

// mutates tells whether it changes anything: whether it takes an Idempotency-Key.
func (e *endpoint) mutates() bool { return e.method != http.MethodGet }

func (h *Handler) routes() []endpoint {
	const (
		get, post, remove = http.MethodGet, http.MethodPost, http.MethodDelete
		anybody, managers = false, true
	)
	return []endpoint{
		{post, "/v1/publish", anybody, h.publish},
		{post, "/v1/batch", anybody, h.batch},
		{post, "/v1/broadcast", managers, h.broadcast},
		{get, "/v1/presence", anybody, h.presence},
		{get, "/v1/history", anybody, h.history},
		{remove, "/v1/history", managers, h.purge},
		{get, "/v1/channels", managers, h.listChannels},
		{get, "/v1/connections", managers, h.listConnections},
		{post, "/v1/disconnect", managers, h.disconnect},
		{post, "/v1/invoke", managers, h.invoke},
		{post, "/v1/cluster/drain", managers, h.drain},
		{post, "/v1/cluster/rebalance", managers, h.rebalance},
		{post, "/v1/revoke", managers, h.revoke},
		{post, "/v1/tokens", managers, h.makeToken},
		{get, "/v1/info", anybody, h.info},
		{get, "/v1/stats", managers, h.stats},
		{get, "/v1/cluster", managers, h.clusterStatus},
		{post, "/v1/cluster/remove", managers, h.remove},
		{post, "/v1/cluster/rescue", managers, h.rescue},
		{get, openAPIPath, anybody, openAPI},
	}
}

const openAPIPath = "/v1/openapi.json"

// ServeHTTP answers one request below Prefix.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Origin") != "" {
		h.door.Refuse(w, r, nil, refusal("origin", http.StatusForbidden,
			"the server API is for backends, and no page may call it: it would show its API key to everybody; publish by /channels/ or /socket from pages"))
		return
	}
	client, ok := h.door.Visit(w, r)
	if !ok {
		return
	}
	e, err := h.find(w, r)
	if err == nil {
		err = mayUse(client, e)
	}
	if err != nil {
		h.door.Refuse(w, r, client, err)
		return
	}
	if e.mutates() {
		h.serveOnce(w, r, client, e)
		return
	}
	answer, err := e.serve(&call{ctx: r.Context(), client: client, query: newQuery(r)})
	if err != nil {
		h.door.Refuse(w, r, client, err)
		return
	}
	newAnswer(answer).write(w)
}

// find returns what a request asks for.
func (h *Handler) find(w http.ResponseWriter, r *http.Request) (*endpoint, error) {
	var paths, methods []string
	for i := range h.endpoints {
		e := &h.endpoints[i]
		switch {
		case e.path != r.URL.Path:
			paths = append(paths, strings.TrimPrefix(e.path, Prefix))
		case e.method == r.Method:
			return e, nil
		default:
			methods = append(methods, e.method)
		}
	}
	if len(methods) > 0 {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		return nil, refusal("method_not_allowed", http.StatusMethodNotAllowed, "%s takes %s, and not %.20q", r.URL.Path, strings.Join(methods, " or "), r.Method)
	}
	paths = slices.Compact(paths)
	if meant := nearest.Word(strings.TrimPrefix(r.URL.Path, Prefix), paths); meant != "" {
		return nil, refusal("not_found", http.StatusNotFound, "there is no %.60q; did you mean %s%s?", r.URL.Path, Prefix, meant)
	}
	return nil, refusal("not_found", http.StatusNotFound, "there is no %.60q; below %s are %s", r.URL.Path, Prefix, strings.Join(paths, ", "))
}

var (
	errNoKey = &door.RequestError{Kind: "unauthorized", Status: http.StatusUnauthorized,
		Err: errors.New("the server API takes an API key; send it as Authorization: Bearer hfk_…, or make one with: holdfast token create --api-key")}
	errUser = &door.RequestError{Kind: "not_permitted", Status: http.StatusForbidden,
		Err: errors.New("the server API is for backends: it takes an API key, and not the token of a user")}
	errNoManager = &door.RequestError{Kind: "not_permitted", Status: http.StatusForbidden,
		Err: errors.New("this API key may not look after the server; use one that has manage: true in the configuration (auth.api_keys)")}
)

// mayUse tells whether a client may use an endpoint at all.
func mayUse(c *session.Client, e *endpoint) error {
	switch who := c.Who(); {
	case e.path == openAPIPath: // which is no secret
	case who.Anonymous():
		return errNoKey
	case !who.Server:
		return errUser
	case e.manages && !who.Manage:
		return errNoManager
	}
	return nil
}
