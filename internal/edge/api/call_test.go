package api

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestBodiesThatAreTooMuchTogetherHaveToWait(t *testing.T) {
	e := start(t)
	all := max(maxInFlightBytes, e.maxBody)
	if !e.flight.TryAcquire(all) {
		t.Fatal("something is in flight")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the client has waited for long enough
	r := httptest.NewRequestWithContext(ctx, "POST", "/v1/publish", strings.NewReader(`{"channel":"room/a","data":"x"}`))
	r.Header.Set("X-API-Key", e.boss)
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != 503 || !strings.Contains(w.Body.String(), "urn:holdfast:problem:unavailable") || w.Header().Get("Retry-After") != "5" {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	e.flight.Release(all)
	for range 3 {
		e.want(e.ask("POST", "/v1/publish", `{"channel":"room/a","data":"x"}`), 200)
	}
	if !e.flight.TryAcquire(all) {
		t.Error("what a request held is not given back")
	}
}
