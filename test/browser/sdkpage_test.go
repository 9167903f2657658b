package browser

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// sdkDir has the TypeScript SDK as modules for browsers, built when first asked for.
var sdkDir = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs(filepath.Join(filepath.Dir(binary), "sdk"))
	if err != nil {
		return "", err
	}
	web := filepath.Join("..", "..", "web")
	build := exec.Command(filepath.Join(web, "node_modules", ".bin", "tsc"), "-p", filepath.Join(web, "client", "tsconfig.build.json"), "--outDir", dir)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	return dir, build.Run()
})

// sdkPage is an origin of its own: an empty page that has the SDK as the object sdk, and all else from
// a server behind it.
type sdkPage struct {
	url string

	mu      sync.Mutex // guards what follows
	open    int        // connections to /socket that are there
	dialled int        // that were made
}

const sdkHTML = `<!doctype html><title>SDK</title><script type="module">
import * as client from "/sdk/index.js";
import * as tabs from "/sdk/tabs/index.js";
window.sdk = { ...client, ...tabs };
</script>`

// serveSDK serves the page until the end of the test.
func serveSDK(t *testing.T, s *server) *sdkPage {
	t.Helper()
	dir, err := sdkDir()
	if err != nil {
		t.Fatalf("building the SDK: %v; make web installs what it needs", err)
	}
	behind, err := url.Parse(s.page)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(s.caFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(behind) },
	}
	p := &sdkPage{}
	mux := http.NewServeMux()
	mux.Handle("/sdk/", http.StripPrefix("/sdk/", http.FileServer(http.Dir(dir))))
	mux.HandleFunc("/page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(sdkHTML)) // the browser will say if it fails
	})
	mux.HandleFunc("/hub.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Write([]byte(`import { serve } from "/sdk/tabs/index.js"; serve();`))
	})
	mux.HandleFunc("/socket", func(w http.ResponseWriter, r *http.Request) {
		p.count(1)
		defer p.count(-1)
		proxy.ServeHTTP(w, r) // until the connection is over
	})
	mux.Handle("/channels/", proxy)
	front := httptest.NewServer(mux)
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		transport.CloseIdleConnections()
	})
	p.url = strings.Replace(front.URL, "127.0.0.1", "localhost", 1)
	return p
}

func (p *sdkPage) count(change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open += change
	p.dialled += max(change, 0)
}

// sockets returns how many connections to /socket are there, and how many were made.
func (p *sdkPage) sockets() (open, dialled int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open, p.dialled
}

// say publishes a text as a program would.
func (p *sdkPage) say(t *testing.T, channel, text string) {
	t.Helper()
	res, err := http.Post(p.url+"/channels/"+channel, "text/plain", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("publishing: %s", res.Status)
	}
}
