package engine

import (
	"log/slog"
	"strings"
	"testing"
)

func TestWhatTheServerSaysOfAnotherNodeIsToldOnceWhateverItsPort(t *testing.T) {
	said := &lines{}
	l := &serverLog{log: slog.New(slog.NewTextHandler(said, nil))}
	for _, text := range []string{
		"10.0.0.1:4001 - rid:5 - authentication error", "10.0.0.1:4002 - rid:6 - authentication error",
		"[fd00::1]:4001 - rid:7 - authentication error", "host:4001 - rid:8 - authentication error",
	} {
		if !l.translate(text) {
			t.Errorf("there are no words for %q", text)
		}
	}
	if n := strings.Count(said.String(), "the same cluster.secret"); n != 3 {
		t.Errorf("it is told %d times:\n%s", n, said)
	}
}
