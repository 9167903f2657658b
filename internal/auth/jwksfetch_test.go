package auth

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// serveKeys answers requests for keys until the end of the test.
func serveKeys(t testing.TB, answer http.HandlerFunc) *url.URL {
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return must(parseKeyURL(s.URL + "/keys"))
}

func TestKeysAreFetchedWithHowLongTheyAreFresh(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"":                              15 * time.Minute,
		"public, max-age=3600":          time.Hour,
		"MAX-AGE=600, must-revalidate":  10 * time.Minute,
		`max-age="7200"`:                2 * time.Hour,
		"max-age=1":                     time.Minute,
		"max-age=0":                     time.Minute,
		"max-age=2000000000":            6 * time.Hour,
		"max-age=99999999999999999999":  15 * time.Minute,
		"max-age=-1":                    15 * time.Minute,
		"max-age=x":                     15 * time.Minute,
		"no-store, max-age=3600":        time.Minute,
		"no-cache":                      time.Minute,
		"s-maxage=60, immutable, , a=b": 15 * time.Minute,
	} {
		u := serveKeys(t, func(w http.ResponseWriter, r *http.Request) {
			if header != "" {
				w.Header().Set("Cache-Control", header)
			}
			w.Write([]byte(jwks(jwk("d", "", "", private()[EdDSA].Public()))))
		})
		set, err := fetcher(u)(patience(t))
		if err != nil || len(set.keys) != 1 || set.fresh != want {
			t.Errorf("%q: %d keys, fresh for %s, %v; want %s", header, len(set.keys), set.fresh, err, want)
		}
	}
}

func TestAnswersThatAreNoKeysAreErrors(t *testing.T) {
	good := jwks(jwk("d", "", "", private()[EdDSA].Public()))
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"garbage": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, "the answer is no set of keys: not JSON at byte 0"},
		"nothing": {func(http.ResponseWriter, *http.Request) {}, "the answer is no set of keys: not JSON at byte 0"},
		"a fault": {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, good, http.StatusServiceUnavailable) }, "the answer is 503 Service Unavailable"},
		"another status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNonAuthoritativeInfo)
			w.Write([]byte(good))
		}, "the answer is 203 Non-Authoritative Information"},
		"too much": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(good + strings.Repeat(" ", maxKeySetBytes)))
		}, "the answer is longer than 262144 bytes"},
		"half of it": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			w.Write([]byte(good))
		}, "unexpected EOF"},
		"a long header": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 1<<20)) }, "server response headers exceeded 65536 bytes"},
		"a way to nobody": {
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://id.example/keys", http.StatusFound)
			},
			"the JWKS URL http://id.example/keys is not https; use https, or http for this machine alone",
		},
		"a way to a file": {
			func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
			},
			"the JWKS URL file:///etc/passwd is not https; use https, or http for this machine alone",
		},
		"a way round in circles": {
			func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) }, "too many redirects",
		},
	} {
		// What net/http says itself comes with more words, or fewer.
		if _, err := fetcher(serveKeys(t, test.answer))(patience(t)); err == nil || !strings.Contains(text(err), test.want) {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

func TestAnAnswerThatHangsEndsWithItsTime(t *testing.T) {
	release := make(chan struct{})
	u := serveKeys(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte(`{"keys":[`))
		w.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := fetcher(u)(ctx); err == nil {
		t.Error("there are keys")
	}
}

func TestWhereKeysMayComeFrom(t *testing.T) {
	for address, want := range map[string]string{
		"https://id.example/keys":       "",
		"http://localhost:8080/":        "",
		"http://127.0.0.1/":             "",
		"http://[::1]:1/":               "",
		"http://id.example/":            "the JWKS URL http://id.example/ is not https; use https, or http for this machine alone",
		"http://a:swordfish@id.example": "the JWKS URL http://a:xxxxx@id.example is not https; use https, or http for this machine alone",
		"http://localhost.id.example/":  "the JWKS URL http://localhost.id.example/ is not https; use https, or http for this machine alone",
		"http://10.0.0.1/":              "the JWKS URL http://10.0.0.1/ is not https; use https, or http for this machine alone",
		"https:///keys":                 "the JWKS URL is none; write https://HOST/PATH",
		"keys":                          "the JWKS URL is none; write https://HOST/PATH",
		"https://id.example/#keys":      "the JWKS URL is none; write https://HOST/PATH",
		"https://a:swordfish@%zz/":      "the JWKS URL is none; write https://HOST/PATH",
	} {
		_, err := New(context.WithoutCancel(canceled()), Config{JWKS: []string{address, "nowhere"}})
		if want == "" {
			want = "the JWKS URL is none; write https://HOST/PATH" // the second one
			if _, alone := parseKeyURL(address); alone != nil {
				t.Errorf("%s: %v", address, alone)
			}
		}
		if text(err) != want {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}

// canceled returns a context that has ended.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestAPasswordInAURLIsNotLogged(t *testing.T) {
	var log strings.Builder
	u := serveKeys(t, func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "swordfish" {
			http.Error(w, "who?", http.StatusUnauthorized)
			return
		}
		http.Error(w, "swordfish", http.StatusInternalServerError)
	})
	u.User = url.UserPassword("holdfast", "swordfish")
	a, err := New(patience(t), Config{JWKS: []string{u.String()}, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	if got := log.String(); strings.Contains(got, "swordfish") || !strings.Contains(got, "the answer is 500") {
		t.Errorf("logged: %s", got)
	}
}
