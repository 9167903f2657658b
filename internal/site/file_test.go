package site

import (
	"net/http"
	"testing"
)

func TestHeadHasTheHeadersOfGetAndNoBody(t *testing.T) {
	b := serve(t, map[string]string{"app.js": "code"})
	get, head := b.get("/app.js"), b.send("HEAD", "/app.js")
	head.want(t, http.StatusOK, "")
	for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Cache-Control"} {
		if get.Header.Get(name) == "" || head.Header.Get(name) != get.Header.Get(name) {
			t.Errorf("%s is %q for GET and %q for HEAD", name, get.Header.Get(name), head.Header.Get(name))
		}
	}
}

func TestWhoHasTheVersionIsToldSoWithoutIt(t *testing.T) {
	b := serve(t, map[string]string{"index.html": "one"})
	first := b.get("/")
	etag := first.Header.Get("ETag")
	again := b.get("/", "If-None-Match", etag)
	again.want(t, http.StatusNotModified, "")
	again.wantHeader(t, "ETag", etag, "Cache-Control", "no-cache")
	b.get("/", "If-Match", `"another"`).want(t, http.StatusPreconditionFailed, "")

	b.write("index.html", "two")
	b.get("/", "If-None-Match", etag).want(t, http.StatusOK, "two")
}

func TestPartsOfAFileAreSentToWhoAsksForThem(t *testing.T) {
	b := serve(t, map[string]string{"film.mp4": "0123456789"})
	part := b.get("/film.mp4", "Range", "bytes=2-4")
	part.want(t, http.StatusPartialContent, "234")
	part.wantHeader(t, "Content-Range", "bytes 2-4/10", "Accept-Ranges", "bytes", "Content-Type", "video/mp4")
	b.get("/film.mp4", "Range", "bytes=-3").want(t, http.StatusPartialContent, "789")
	b.get("/film.mp4", "Range", "bytes=5-", "If-Range", part.Header.Get("ETag")).want(t, http.StatusPartialContent, "56789")
	b.get("/film.mp4", "Range", "bytes=5-", "If-Range", `"older"`).want(t, http.StatusOK, "0123456789")
	if a := b.get("/film.mp4", "Range", "bytes=10-"); a.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("beyond the end: %s", a.Status)
	}
}

func TestACompressedSiblingIsSentToWhoTakesIt(t *testing.T) {
	b := serve(t, map[string]string{
		"app.js": "plain", "app.js.br": "brotli", "app.js.gz": "gzip",
		"old.css": "plain", "old.css.gz": "gzip", "photo.png": "plain",
	})
	for _, in := range []struct{ path, accept, body, coding, vary string }{
		{"/app.js", "gzip, deflate, br, zstd", "brotli", "br", "Accept-Encoding"},
		{"/app.js", "gzip, deflate", "gzip", "gzip", "Accept-Encoding"},
		{"/app.js", "br;q=0.5, gzip;q=0.8", "gzip", "gzip", "Accept-Encoding"},
		{"/app.js", "br;q=0, *;q=0.1", "gzip", "gzip", "Accept-Encoding"},
		{"/app.js", "GZIP ; Q=1", "gzip", "gzip", "Accept-Encoding"},
		{"/app.js", "br;q=2, gzip;q=x, deflate", "plain", "", "Accept-Encoding"},
		{"/app.js", "identity", "plain", "", "Accept-Encoding"},
		{"/old.css", "br, gzip", "gzip", "gzip", "Accept-Encoding"},
		{"/photo.png", "br, gzip", "plain", "", ""},
		{"/app.js.gz", "br, gzip", "gzip", "", ""},
	} {
		a := b.get(in.path, "Accept-Encoding", in.accept)
		a.want(t, http.StatusOK, in.body)
		a.wantHeader(t, "Content-Encoding", in.coding, "Vary", in.vary, "Content-Type", contentType(in.path[1:]))
	}
}

func TestEachCodingOfAFileHasAnETagOfItsOwn(t *testing.T) {
	b := serve(t, map[string]string{"app.js": "plain", "app.js.br": "brotli", "app.js.gz": "gzip"})
	seen := map[string]string{}
	for _, coding := range []string{"br", "gzip", "identity"} {
		a := b.get("/app.js", "Accept-Encoding", coding)
		etag := a.Header.Get("ETag")
		if other, twice := seen[etag]; twice {
			t.Errorf("%s and %s have the same ETag", coding, other)
		}
		seen[etag] = coding
		b.get("/app.js", "Accept-Encoding", coding, "If-None-Match", etag).want(t, http.StatusNotModified, "")
	}
}
