package site

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// record returns what a handler answers for a decoded path, which no parser of URLs has seen.
func record(h http.Handler, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", "/", nil)
	r.URL = &url.URL{Path: path}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

const secret = "none of the site's business"

// guarded is a site with a secret beside it, and hidden files in it.
func guarded(t testing.TB) *Site {
	outside := t.TempDir()
	dir := filepath.Join(outside, "dist")
	for name, text := range map[string]string{
		"secret.txt": secret, "dist/.env": secret, "dist/.git/config": secret, "dist/.well-known/.hidden": secret, "dist/a/.b/c.txt": secret,
		"dist/index.html": "home", "dist/a/b.txt": "b",
	} {
		path := filepath.Join(outside, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{
		"out.txt": "../secret.txt", "absolute.txt": filepath.Join(outside, "secret.txt"), "up": "..", "a/up": "../..",
		"loop": "loop", "inside.txt": "a/b.txt",
	} {
		if err := os.Symlink(target, filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Fatal(err)
		}
	}
	s, err := New(Config{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNoPathLeadsOutOfTheSiteOrToHiddenFiles(t *testing.T) {
	s := guarded(t)
	for _, path := range []string{
		"", "..", "/..", "/../", "/../secret.txt", "/a/../../secret.txt", "//secret.txt", "//", "/./index.html", "/a//b.txt",
		"/..%2fsecret.txt", `/..\secret.txt`, `\..\secret.txt`, `/a\b.txt`, "/a/b.txt/", "/a/b.txt/../b.txt", "/index.html/index.html",
		"/.env", "/.git/config", "/.git/", "/.well-known/.hidden", "/a/.b/c.txt", "/...", "/.", "/a/.",
		"/out.txt", "/absolute.txt", "/up/secret.txt", "/a/up/secret.txt", "/up/dist/index.html", "/loop", "/loop/x",
		"/index.html\x00", "/\x00", "/a\nb", "/\xff\xfe", "/con", "/dev/null", "/C:/Windows/win.ini", "/index.html::$DATA",
		"/" + strings.Repeat("a", 256), "/" + strings.Repeat("a/", 8000), "/" + strings.Repeat("../", 8000) + "etc/passwd",
		"index.html", "*",
	} {
		w := record(s, path)
		if w.Code != http.StatusNotFound || strings.Contains(w.Body.String(), secret) {
			t.Errorf("%.60q: %d %q", path, w.Code, w.Body)
		}
	}
	if w := record(s, "/inside.txt"); w.Body.String() != "b" {
		t.Errorf("a link within the site: %d %q", w.Code, w.Body)
	}
}

func TestARedirectStaysOnTheSite(t *testing.T) {
	s := guarded(t)
	evil := filepath.Join(s.dir, "evil.example")
	if err := os.MkdirAll(evil, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(evil, "index.html"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := record(s, "/evil.example").Header().Get("Location"); got != "/evil.example/" {
		t.Errorf("Location: %q", got)
	}
	for _, path := range []string{"//evil.example", `/\evil.example`, "/%2fevil.example", "/\tevil.example"} {
		if w := record(s, path); w.Code != http.StatusNotFound {
			t.Errorf("%q: %d to %q", path, w.Code, w.Header().Get("Location"))
		}
	}
}

func TestAFileThatCannotBeReadIsToldToTheLogNowAndThen(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "home"})
	if err := os.Symlink("/etc/passwd", filepath.Join(b.dir, "link.txt")); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		b.get("/link.txt").want(t, http.StatusNotFound, "there is nothing at this address of the site\n")
	}
	if n := strings.Count(b.log.String(), "link.txt"); n < 1 || n > 20 {
		t.Errorf("%d lines in the log:\n%s", n, b.log)
	}
}

func FuzzNoPathLeadsOut(f *testing.F) {
	s := guarded(f)
	for _, path := range []string{"/", "/a/b.txt", "/../secret.txt", "/up/secret.txt", `/..\secret.txt`, "/.env", "/%2e%2e/secret.txt"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		w := record(s, path)
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("%q leads to what is not the site's", path)
		}
		if location := w.Header().Get("Location"); location != "" && (!strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//")) {
			t.Errorf("%q is redirected to %q", path, location)
		}
	})
}
