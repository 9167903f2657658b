package hooks

import (
	"context"
	"encoding/base64"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/protocol"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	if address := os.Getenv(backendEnv); address != "" { // this process is there to be killed, and so is the next
		serveUntilKilled(address, os.Getenv(fileEnv))
	}
	if url := os.Getenv(serverEnv); url != "" {
		publishUntilKilled(url, os.Getenv(dirEnv))
	}
	goleak.VerifyTestMain(m)
}

const patience = 20 * time.Second

// secretText is what the hooks of tests sign with.
var secretText = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))

func secret(t testing.TB) webhook.Secret {
	t.Helper()
	s, err := webhook.ParseSecret(secretText)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve starts a backend that ends with the test, and returns a hook at it.
func serve(t testing.TB, answer http.HandlerFunc, kinds ...Kind) Hook {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return Hook{Name: "app", URL: s.URL, Kinds: kinds, Secrets: []webhook.Secret{secret(t)}, AllowPrivate: true}
}

// says returns a backend that answers everybody the same.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		if _, err := io.WriteString(w, body); err != nil {
			panic(err)
		}
	}
}

// with returns hooks that end with the test.
func with(t testing.TB, hooks ...Hook) *Hooks {
	t.Helper()
	return withConfig(t, Config{Hooks: hooks})
}

func withConfig(t testing.TB, c Config) *Hooks {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(context.Background()) })
	return h
}

func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// within is a context that no test should see the end of.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

var (
	ids   = regexp.MustCompile(`"id":"[0-9A-Za-z]{20,}"`)
	times = regexp.MustCompile(`"time":"[^"]*"`)
)

// wantGolden compares what a backend was sent with the file of that name, ids and times aside.
func wantGolden(t *testing.T, name string, body []byte) {
	t.Helper()
	body = ids.ReplaceAll(body, []byte(`"id":"5DV2ZJ7MQ4XW3K6TRANFB2HEYU"`))
	body = times.ReplaceAll(body, []byte(`"time":"2026-11-21T18:40:00Z"`))
	text := jsontext.Value(body)
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text)+"\n" != string(want) {
		t.Errorf("%s is now\n%s\nand was\n%s", file, text, want)
	}
}

func text(s string) protocol.Payload { return protocol.Text(s) }
