package health

import (
	"encoding/json"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// begun returns one that listens, and whose checks have been found in order once.
func begun(checks ...string) *Readiness {
	r := New(checks...)
	r.Begin()
	for _, name := range checks {
		r.Note(name, "", time.Millisecond)
	}
	return r
}

func TestANodeIsStartingUntilItListensAndEveryCheckWasInOrderOnce(t *testing.T) {
	r := New("a", "b")
	if got := r.Report(); got.Status != Starting || got.Reason == "" {
		t.Errorf("at first %+v", got)
	}
	r.Note("a", "", 0)
	r.Note("b", "", 0)
	if got := r.Report(); got.Status != Starting {
		t.Errorf("before it listens %+v", got)
	}
	r = New("a", "b")
	r.Begin()
	r.Note("a", "", 0)
	if got := r.Report(); got.Status != Starting {
		t.Errorf("while nobody knows of b %+v", got)
	}
	r.Note("b", "", 0)
	if got := r.Report(); got.Status != Ready || got.Reason != "" {
		t.Errorf("in the end %+v", got)
	}
}

func TestACheckThatFailsAtTheStartIsSaidAtOnceAndTroubleAfterHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New("a")
		r.Begin()
		r.Note("a", "it is broken", 0)
		if got := r.Report(); got.Status != Starting || got.Reason != "a: it is broken" {
			t.Errorf("got %+v", got)
		}
		time.Sleep(startGrace)
		r.Note("a", "it is broken", 0)
		if got := r.Report(); got.Status != NotReady {
			t.Errorf("later %+v", got)
		}
	})
}

func TestOneBadMomentTurnsNothingAndTwoDo(t *testing.T) {
	r := begun("a")
	for range 5 {
		r.Note("a", "late", 2*time.Second)
		if got := r.Report(); got.Status != Ready || !got.Checks[0].OK {
			t.Fatalf("after one: %+v", got)
		}
		r.Note("a", "", time.Millisecond)
	}
	r.Note("a", "late", 2*time.Second)
	r.Note("a", "very late", 3*time.Second)
	if got := r.Report(); got.Status != NotReady || got.Reason != "a: very late" || got.Checks[0].Reason != "very late" || got.Checks[0].Millis != 3000 {
		t.Errorf("after two: %+v", got)
	}
	r.Note("a", "", 0)
	if got := r.Report(); got.Status != NotReady {
		t.Errorf("one good moment: %+v", got)
	}
	r.Note("a", "", 0)
	if got := r.Report(); got.Status != Ready || got.Checks[0].Reason != "" {
		t.Errorf("two good moments: %+v", got)
	}
}

func TestTheTimeOfTheLastChangeIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begun("a")
		since := r.Report().Since
		time.Sleep(time.Minute)
		r.Note("a", "x", 0)
		r.Note("a", "y", 0)
		changed := r.Report().Since
		if changed.Sub(since) != time.Minute {
			t.Errorf("ready since %s, not since %s", since, changed)
		}
		time.Sleep(time.Minute)
		r.Note("a", "z", 0)
		if got := r.Report(); got.Since != changed || got.Reason != "a: z" {
			t.Errorf("later %+v", got)
		}
	})
}

func TestWhatIsExcusedIsToldAndLeavesTheNodeReady(t *testing.T) {
	excuse := ""
	r := New("log")
	r.Excuse = func(string) string { return excuse }
	r.Begin()
	r.Note("log", "", 0)
	r.Note("log", "no quorum", 0)
	r.Note("log", "no quorum", 0)
	if r.Ready() {
		t.Error("ready without an excuse")
	}
	excuse = "it is everywhere so"
	r.Note("log", "no quorum", 0)
	if got := r.Report(); got.Status != Ready || got.Checks[0].OK || got.Checks[0].Reason != "no quorum; it is everywhere so" {
		t.Errorf("with an excuse %+v", got)
	}
	excuse = ""
	r.Note("log", "no quorum", 0)
	if r.Ready() {
		t.Error("ready though the excuse is gone")
	}
}

func TestANodeThatDrainsIsNotReadyWhateverElseIsInOrder(t *testing.T) {
	r := begun("a")
	r.Drain("the server restarts")
	if got := r.Report(); got.Status != Draining || got.Reason != "the server restarts" {
		t.Errorf("got %+v", got)
	}
	r.Drain("")
	if !r.Ready() {
		t.Error("not ready again")
	}
}

func TestEveryChangeIsToldOnce(t *testing.T) {
	var told []Status
	r := New("a")
	r.Changed = func(report Report) { told = append(told, report.Status) }
	r.Begin()
	for _, reason := range []string{"", "", "x", "x", "x", "", ""} {
		r.Note("a", reason, 0)
	}
	r.Drain("it stops")
	r.Drain("it stops")
	if want := []Status{Ready, NotReady, Ready, Draining}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestProbesAreAnsweredByStatusAndInJSON(t *testing.T) {
	r := begun("a")
	ask := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		q := httptest.NewRequest(method, path, nil)
		if path == AlivePath {
			r.ServeAlive(w, q)
		} else {
			r.ServeReady(w, q)
		}
		return w
	}
	if got := ask("OPTIONS", ReadyPath); got.Code != 200 {
		t.Errorf("ready: %d", got.Code)
	}
	r.Drain("it stops")
	got := ask("GET", ReadyPath)
	var report Report
	if err := json.Unmarshal(got.Body.Bytes(), &report); err != nil || got.Code != 503 || report.Status != Draining || report.Reason != "it stops" ||
		len(report.Checks) != 1 || report.Since.IsZero() || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("draining: %d %s %v", got.Code, got.Body, err)
	}
	if got := ask("GET", AlivePath); got.Code != 200 || got.Body.String() != "{\"status\":\"alive\"}\n" {
		t.Errorf("alive: %d %s", got.Code, got.Body)
	}
	if got := ask("POST", ReadyPath); got.Code != 405 {
		t.Errorf("a POST: %d", got.Code)
	}
}
