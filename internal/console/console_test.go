package console

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "https://localhost:8443/", nil)
	r.URL.Path = target
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func read(t *testing.T, res *http.Response) string {
	t.Helper()
	var b strings.Builder
	if err := res.Write(&b); err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return body
}

var (
	reference = regexp.MustCompile(`(?:src|href)="(/[^"#?]+)"`)
	urlOfCSS  = regexp.MustCompile(`url\(["']?([^)"']+)["']?\)`)
	scriptTag = regexp.MustCompile(`(?s)<script([^>]*)>(.*?)</script>`)
	handler   = regexp.MustCompile(`\son[a-z]+\s*=`)
	styleAttr = regexp.MustCompile(`\sstyle\s*=`)
)

func TestEveryFileThatThePageNamesIsThere(t *testing.T) {
	references := reference.FindAllStringSubmatch(read(t, get(t, "GET", "/")), -1)
	var script, style bool
	for _, match := range references {
		target := match[1]
		res := get(t, "GET", target)
		if res.StatusCode != http.StatusOK {
			t.Errorf("the page names %s, and it is answered with %s", target, res.Status)
		}
		script = script || strings.HasSuffix(target, ".js")
		if strings.HasSuffix(target, ".css") {
			style = true
			for _, match := range urlOfCSS.FindAllStringSubmatch(read(t, res), -1) {
				if res := get(t, "GET", match[1]); res.StatusCode != http.StatusOK {
					t.Errorf("%s names %s, and it is answered with %s", target, match[1], res.Status)
				}
			}
		}
	}
	if !script || !style {
		t.Errorf("the page names no script or no style sheet: %v", references)
	}
}

func TestThePageHasNoInlineScriptOrStyleAndNoForeignAddress(t *testing.T) {
	html := read(t, get(t, "GET", "/"))
	for _, match := range scriptTag.FindAllStringSubmatch(html, -1) {
		if strings.TrimSpace(match[2]) != "" || !strings.Contains(match[1], " src=") {
			t.Errorf("inline script: %s", match[0])
		}
	}
	if strings.Contains(html, "<style") || styleAttr.MatchString(html) {
		t.Error("the page has an inline style")
	}
	if found := handler.FindString(html); found != "" {
		t.Errorf("the page has an event handler attribute: %q", found)
	}
	if strings.Contains(html, "://") {
		t.Error("the page names an address of another host")
	}
}

func TestThePageIsCheckedEachTimeAndItsHashedFilesNever(t *testing.T) {
	page := get(t, "GET", "/")
	if got := page.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("Content-Type of the page: %q", got)
	}
	if got := page.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control of the page: %q", got)
	}
	etag := page.Header.Get("ETag")
	again := get(t, "GET", "/", "If-None-Match", etag)
	if again.StatusCode != http.StatusNotModified || read(t, again) != "" {
		t.Errorf("with If-None-Match: %s the answer is %s", etag, again.Status)
	}
	for target, p := range Handler().(site) {
		hashed := strings.HasPrefix(target, "/assets/")
		immutable := strings.Contains(p.cacheControl, "immutable")
		if hashed != immutable {
			t.Errorf("Cache-Control of %s: %q", target, p.cacheControl)
		}
	}
}

func TestEveryBuiltFileHasAKnownType(t *testing.T) {
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && newPage(name, nil).contentType == "application/octet-stream" {
			t.Errorf("%s has no type; add its ending to contentTypes", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, "GET", "/favicon.svg").Header.Get("Content-Type"); got != "image/svg+xml" {
		t.Errorf("Content-Type of the icon: %q", got)
	}
}

func TestHeadHasTheHeadersOfGetAndNoBody(t *testing.T) {
	body := read(t, get(t, "GET", "/"))
	head := get(t, "HEAD", "/")
	if head.StatusCode != http.StatusOK || head.ContentLength >= 0 && int(head.ContentLength) != len(body) {
		t.Errorf("HEAD: %s, Content-Length %d, and the page has %d bytes", head.Status, head.ContentLength, len(body))
	}
	if n, err := head.Body.Read(make([]byte, 1)); n != 0 {
		t.Errorf("HEAD has a body (%v)", err)
	}
}

func TestOtherPathsAreNotFoundAndLeadNowhere(t *testing.T) {
	for _, target := range []string{
		"/index.html", "/assets", "/assets/", "/assets/none.js", "/nothing", "",
		"/../console.go", "/assets/../../console.go", "/./", "//", "/dist/chat/index.html",
		"/..%2fconsole.go", `/..\console.go`, "/favicon.svg/", "/\x00",
	} {
		res := get(t, "GET", target)
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("GET %q: %s", target, res.Status)
		}
		if body := read(t, res); len(body) > 100 {
			t.Errorf("GET %q: %d bytes", target, len(body))
		}
	}
}

func TestPagesCanOnlyBeRead(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "NONSENSE"} {
		res := get(t, method, "/")
		if res.StatusCode != http.StatusMethodNotAllowed || res.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: %s, Allow %q", method, res.Status, res.Header.Get("Allow"))
		}
	}
}
