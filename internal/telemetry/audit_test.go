package telemetry

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestARefusalIsALineAndIsCounted(t *testing.T) {
	var log bytes.Buffer
	m := New()
	a := NewAudit(slog.New(slog.NewTextHandler(&log, nil)), m.Registerer())
	ref := a.Refuse(Refusal{Kind: "not_permitted", Edge: "socket", Remote: "192.0.2.1:5", User: "ada", Channel: "chat/a", Rule: "chat/#", Why: errors.New("no")})
	a.Refuse(Refusal{Kind: "not_permitted", Edge: "socket", Why: "no"})
	for _, has := range []string{"msg=refused ref=" + ref + " kind=not_permitted edge=socket remote=192.0.2.1:5 user=ada channel=chat/a rule=chat/# why=no\n", "edge=socket why=no\n"} {
		if !strings.Contains(log.String(), has) {
			t.Errorf("the log has no %q:\n%s", has, log.String())
		}
	}
	if len(ref) != refChars {
		t.Errorf("ref %q", ref)
	}
	m.Gauge("holdfast_connections", "Connections.", func() float64 { return 7 })
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, has := range []string{`holdfast_refused_total{edge="socket",kind="not_permitted"} 2`, "holdfast_connections 7", "go_goroutines"} {
		if !strings.Contains(w.Body.String(), has) {
			t.Errorf("the metrics have no %q", has)
		}
	}
}

func TestAFloodOfRefusalsDoesNotFillTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		a := NewAudit(slog.New(slog.NewTextHandler(&log, nil)), New().Registerer())
		for range 10_000 {
			a.Refuse(Refusal{Kind: "limits.messages", Edge: "socket", Why: "no"})
		}
		if n := strings.Count(log.String(), "\n"); n != linesAtOnce {
			t.Errorf("%d lines", n)
		}
		time.Sleep(time.Second)
		log.Reset()
		a.Refuse(Refusal{Kind: "limits.messages", Edge: "socket", Why: "no"})
		if want := "not_logged_before=9500\n"; !strings.HasSuffix(log.String(), want) {
			t.Errorf("got %s", log.String())
		}
	})
}
