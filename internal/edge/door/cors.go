package door

import (
	"net/http"

	"github.com/holdfast-dev/holdfast/websocket"
)

// What pages of other origins may do (Fetch standard, CORS protocol). Their cookies are never asked for: a page
// elsewhere says who its user is by a token.
const (
	corsMethods = "GET, HEAD, POST, DELETE"
	corsHeaders = "Authorization, Content-Type, Holdfast-Connection, Holdfast-Sequence, Idempotency-Key, If-None-Match, Last-Event-ID, X-API-Key"
	corsExposed = "ETag, Holdfast-Position, Link, Retry-After"
	corsMaxAge  = "600" // seconds for which a browser need not ask again
)

// Cross lets pages of the allowed origins read what is answered. It returns true if r was only the question
// whether they may (a preflight), which it has answered.
func (d *Door) Cross(w http.ResponseWriter, r *http.Request) (answered bool) {
	h := w.Header()
	h.Add("Vary", "Origin") // of what is asked for without one, too: a cache keeps it
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	if r.Header.Get("Origin") == "" {
		return false
	}
	if err := d.checkOrigin(r); err != nil {
		if preflight {
			d.Refuse(w, r, nil, err)
		}
		return preflight
	}
	if websocket.CheckOrigin(r, nil) != nil { // the same origin needs no leave
		h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		h.Set("Access-Control-Expose-Headers", corsExposed)
	}
	if !preflight {
		return false
	}
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}
