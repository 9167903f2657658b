package health

import (
	"encoding/json"
	"net/http"
	"time"
)

// The paths that are asked for, as load balancers and Kubernetes have them.
const (
	AlivePath = "/healthz" // whether the process answers
	ReadyPath = "/readyz"  // whether clients may come
)

// ServeAlive answers a question whether the process is alive: by answering.
func (r *Readiness) ServeAlive(w http.ResponseWriter, q *http.Request) {
	answer(w, q, http.StatusOK, struct {
		Status string `json:"status"`
	}{"alive"})
}

// ServeReady answers whether clients may come: with 200 if so, and otherwise with 503 and the reason.
func (r *Readiness) ServeReady(w http.ResponseWriter, q *http.Request) {
	report := r.Report()
	status := http.StatusOK
	if report.Status != Ready {
		status = http.StatusServiceUnavailable
	}
	report.Since = report.Since.Truncate(time.Millisecond)
	for i := range report.Checks {
		report.Checks[i].Since = report.Checks[i].Since.Truncate(time.Millisecond)
	}
	answer(w, q, status, report)
}

// answer writes v. Load balancers ask with OPTIONS (HAProxy), HEAD or GET.
func answer(w http.ResponseWriter, q *http.Request, status int, v any) {
	switch q.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
	default:
		w.Header().Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "ask with GET", http.StatusMethodNotAllowed)
		return
	}
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // of a type of ours: every test would see it
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(append(body, '\n')) // fails only if whoever asked has gone
}
