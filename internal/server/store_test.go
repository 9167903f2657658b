package server

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// keeping is a configuration whose channels below kept/ have history in dir.
func keeping(t *testing.T, dir string) Config {
	kept := policy.Default()
	kept.Access = policy.Open
	kept.Channels, kept.History.Count, kept.Slow = "kept/#", 10, policy.SlowCatchUp
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	// Synced at the end only: nats-server 2.15.2 has a data race when a new stream is synced for the first time.
	logs := broker.Config{Dir: dir, SyncInterval: time.Hour}
	return Config{HTTP: "127.0.0.1:0", MaxMessageBytes: 1000, Rules: rules, Broker: logs, Log: quiet}
}

// serveOnce runs a server while use talks to it.
func serveOnce(t *testing.T, c Config, use func(url string)) {
	t.Helper()
	s, err := Listen(patience(t), c)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	use("http://" + s.HTTPAddr().String() + "/channels/kept/c")
	if err := s.Shutdown(patience(t), "test over"); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// answer makes a request on a connection of its own and returns status and body.
func answer(t *testing.T, method, url, body string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(patience(t), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Status + " " + string(b)
}

func TestWhatIsStoredOutlivesTheServer(t *testing.T) {
	c := keeping(t, t.TempDir())
	serveOnce(t, c, func(url string) {
		if got := answer(t, "POST", url, "stored"); !strings.HasPrefix(got, "201 ") {
			t.Fatal(got)
		}
	})
	serveOnce(t, c, func(url string) {
		if got := answer(t, "GET", url+"?last=5", ""); !strings.Contains(got, `"data": "stored"`) {
			t.Error(got)
		}
	})
}

func TestALogThatCanNotBeOpenedLeavesNothingBound(t *testing.T) {
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := keeping(t, file)
	_, err := Listen(patience(t), c)
	if _, ok := errors.AsType[*StoreError](err); !ok || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v, want a StoreError that names the directory", err)
	}
}
