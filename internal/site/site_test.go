package site

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPathIsTheFileOfThatName(t *testing.T) {
	b := serve(t, map[string]string{
		"index.html": "home", "app.js": "code", "about.html": "about", "docs/index.html": "docs", "docs/a b.txt": "text",
		"team/ada.html": "ada", "team.html": "team", ".well-known/security.txt": "contact", "LICENSE": "free", "empty.txt": "",
	})
	for path, want := range map[string]string{
		"/": "home", "/index.html": "home", "/app.js": "code", "/app.js?v=2": "code", "/about.html": "about", "/about": "about",
		"/docs/": "docs", "/docs/index.html": "docs", "/docs/a%20b.txt": "text", "/team/ada": "ada", "/team": "team",
		"/.well-known/security.txt": "contact", "/LICENSE": "free", "/empty.txt": "", "/%61pp.js": "code",
	} {
		b.get(path).want(t, http.StatusOK, want)
	}
}

func TestADirectoryIsRedirectedToItsSlashWithTheQuery(t *testing.T) {
	b := serve(t, map[string]string{"docs/index.html": "docs", "a b/index.html": "odd", "bare/file.txt": "x"})
	for path, want := range map[string]string{"/docs": "/docs/", "/docs?q=1&r=%20": "/docs/?q=1&r=%20", "/a%20b": "/a%20b/"} {
		a := b.get(path)
		if a.StatusCode != http.StatusPermanentRedirect {
			t.Errorf("%s: %s", path, a.Status)
		}
		a.wantHeader(t, "Location", want, "Cache-Control", "no-cache")
	}
	if a := b.get("/bare"); a.StatusCode != http.StatusNotFound {
		t.Errorf("a directory without a page is answered %s %q", a.Status, a.body)
	}
}

func TestWhoeverGoesToAnUnknownAddressOfAnApplicationGetsItsPage(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "app", "app.js": "code"})
	for _, path := range []string{"/rooms/lobby", "/rooms", "/rooms/", "/a/b/c?d=e"} {
		a := b.get(path, "Accept", browser)
		a.want(t, http.StatusOK, "app")
		a.wantHeader(t, "Cache-Control", "no-cache", "Vary", "Accept", "Content-Type", "text/html; charset=utf-8")
	}
	for path, accept := range map[string]string{
		"/rooms/lobby": "*/*", "/missing.js": "*/*", "/missing.css": browser, "/rooms/data": "application/json",
	} {
		if a := b.get(path, "Accept", accept); a.StatusCode != http.StatusNotFound || strings.Contains(a.body, "app") {
			t.Errorf("%s for %s: %s %q", path, accept, a.Status, a.body)
		}
	}
}

func TestASiteOfManyPagesShowsItsOwn404(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "home", "404.html": "lost?"})
	a := b.get("/nowhere", "Accept", browser)
	a.want(t, http.StatusNotFound, "lost?")
	a.wantHeader(t, "Content-Type", "text/html; charset=utf-8", "Content-Length", "5", "Cache-Control", "no-cache")
	b.get("/nowhere.html", "Accept", browser).want(t, http.StatusNotFound, "lost?")
	b.send("HEAD", "/nowhere", "Accept", browser).want(t, http.StatusNotFound, "")
	b.get("/nowhere.png", "Accept", "image/*").want(t, http.StatusNotFound, "there is nothing at this address of the site\n")
	b.get("/404").want(t, http.StatusOK, "lost?")
}

func TestAnEmptySiteSaysThatThereIsNothing(t *testing.T) {
	a := serve(t, nil).get("/", "Accept", browser)
	a.want(t, http.StatusNotFound, "there is nothing at this address of the site\n")
	a.wantHeader(t, "Cache-Control", "no-store")
}

func TestEveryAnswerHasTheHeadersThatProtectVisitors(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "home", "app.js": "code"})
	for _, a := range []answer{b.get("/"), b.get("/app.js"), b.get("/none"), b.send("POST", "/")} {
		a.wantHeader(t, "X-Content-Type-Options", "nosniff",
			"Content-Security-Policy", "frame-ancestors 'self' https://*.example.org")
	}
}

func TestASiteCanOnlyBeRead(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "home"})
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "NONSENSE"} {
		a := b.send(method, "/")
		a.want(t, http.StatusMethodNotAllowed, "this is a page of a site, which can only be read; use GET or HEAD\n")
		a.wantHeader(t, "Allow", "GET, HEAD")
	}
}

func TestANewBuildIsServedAtOnceHoweverItReplacesTheOld(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "old"})
	b.get("/").want(t, http.StatusOK, "old")

	b.write("index.html", "in place")
	b.get("/").want(t, http.StatusOK, "in place")

	if err := os.RemoveAll(b.dir); err != nil {
		t.Fatal(err)
	}
	a := b.get("/", "Accept", browser)
	a.want(t, http.StatusServiceUnavailable, "the site is not there at the moment; it may be being replaced, so try again\n")
	a.wantHeader(t, "Retry-After", "1", "Cache-Control", "no-store")
	b.write("index.html", "made anew")
	b.get("/").want(t, http.StatusOK, "made anew")
}

func TestADirectoryBehindALinkThatIsPointedElsewhereIsTheNewOne(t *testing.T) {
	one, two := serve(t, map[string]string{"index.html": "one"}), serve(t, map[string]string{"index.html": "two"})
	link := filepath.Join(t.TempDir(), "current")
	if err := os.Symlink(one.dir, link); err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Dir: link})
	if err != nil {
		t.Fatal(err)
	}
	get := func() string { return record(s, "/").Body.String() }
	first := get()
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(two.dir, link); err != nil {
		t.Fatal(err)
	}
	if second := get(); first != "one" || second != "two" {
		t.Errorf("served %q, and then %q", first, second)
	}
}

func TestASiteThatIsNoDirectoryIsRefusedAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, file + "/none", filepath.Join(t.TempDir(), "none")} {
		if _, err := New(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) {
			t.Errorf("New says %v", err)
		}
	}
}
