package api

import (
	"net/http"

	"github.com/go-json-experiment/json"
)

// answer is what a client is sent.
type answer struct {
	status      int
	contentType string
	body        []byte
}

// newAnswer returns v as JSON.
func newAnswer(v any) *answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic("api: an answer is not JSON: " + err.Error()) // they are all structs of ours
	}
	return &answer{http.StatusOK, "application/json", append(body, '\n')}
}

func (a *answer) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(a.status)
	w.Write(a.body) // fails only if the client has gone
}
