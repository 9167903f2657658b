package site

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkPage serves a page of 10 KB, and says how long that takes beside the standard library's file server, which
// computes no ETag and looks for no siblings.
func BenchmarkPage(b *testing.B) {
	dir := b.TempDir()
	name := filepath.Join(dir, "page.html")
	if err := os.WriteFile(name, []byte(strings.Repeat("holdfast\n", 1100)), 0o600); err != nil {
		b.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(name, old, old); err != nil {
		b.Fatal(err)
	}
	s, err := New(Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	standard := http.FileServer(http.Dir(dir))
	var ours, theirs time.Duration
	for b.Loop() {
		ours += timeOf(s)
		theirs += timeOf(standard)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "of-net/http")
	b.ReportMetric(float64(ours.Microseconds())/float64(b.N), "µs/page")
	b.ReportMetric(0, "ns/op") // of both together
}

func timeOf(h http.Handler) time.Duration {
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/page.html", nil)
	began := time.Now()
	h.ServeHTTP(w, r)
	return time.Since(began)
}
