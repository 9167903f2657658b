package site

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// built is a directory with a site, and the server of it.
type built struct {
	t   *testing.T
	dir string
	url string
	log *strings.Builder
}

// serve puts files, by name, into a directory and serves it over a real listener.
func serve(t *testing.T, files map[string]string) *built {
	t.Helper()
	b := &built{t: t, dir: t.TempDir(), log: &strings.Builder{}}
	for name, text := range files {
		b.write(name, text)
	}
	s, err := New(Config{Dir: b.dir, Framers: []string{"https://*.example.org", "http://[::1]:*", "null"}, Log: slog.New(slog.NewTextHandler(b.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// write puts a file into the site, with a time long enough ago that its ETag may be remembered.
func (b *built) write(name, text string) {
	b.t.Helper()
	path := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	b.touch(name, time.Now().Add(-time.Hour))
}

func (b *built) touch(name string, at time.Time) {
	b.t.Helper()
	if err := os.Chtimes(filepath.Join(b.dir, filepath.FromSlash(name)), at, at); err != nil {
		b.t.Fatal(err)
	}
}

// answer is a response whose body has been read.
type answer struct {
	*http.Response
	body string
}

// get asks for a path, which is sent as it is written here. Headers are names and values by turns.
func (b *built) get(path string, header ...string) answer { return b.send("GET", path, header...) }

func (b *built) send(method, path string, header ...string) answer {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	r.URL.Opaque = path
	if r.Header.Set("Accept-Encoding", "identity"); len(header)%2 != 0 {
		b.t.Fatal("a header without a value")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true}
	resp, err := transport.RoundTrip(r) // which does not follow redirects
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

// want fails unless the answer has this status and body.
func (a answer) want(t *testing.T, status int, body string) {
	t.Helper()
	if a.StatusCode != status || a.body != body {
		t.Errorf("answered %s %q; want %d %q", a.Status, a.body, status, body)
	}
}

// wantHeader fails unless the answer's headers, names and values by turns, are these.
func (a answer) wantHeader(t *testing.T, header ...string) {
	t.Helper()
	for i := 0; i < len(header); i += 2 {
		if got := a.Header.Get(header[i]); got != header[i+1] {
			t.Errorf("%s is %q; want %q", header[i], got, header[i+1])
		}
	}
}

// browser is what browsers accept when somebody goes to a page.
const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
