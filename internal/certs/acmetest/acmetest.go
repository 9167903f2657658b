// Package acmetest runs an ACME authority on loopback for tests: Pebble, the small one that Let's Encrypt tests clients
// with.
package acmetest

import (
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
	"github.com/miekg/dns"
)

// Authority is a running authority.
type Authority struct {
	Directory string // URL
	Root      []byte // the certificate that vouches for the directory, in PEM

	t      testing.TB
	server *httptest.Server
	front  atomic.Pointer[http.Handler]
	ready  chan struct{} // closed by Reach
}

// Start runs an authority that reaches every name at 127.0.0.1, on the two ports. Its certificates are valid for life.
func Start(t testing.TB, httpPort, tlsPort int, life time.Duration) *Authority {
	t.Helper()
	a := Begin(t)
	a.Reach(httpPort, tlsPort, life)
	return a
}

// Begin runs an authority that answers when Reach has been called, for servers that choose their ports themselves.
func Begin(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, ready: make(chan struct{})}
	a.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-a.ready:
			(*a.front.Load()).ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(a.server.Close)
	a.Directory = a.server.URL + wfe.DirectoryPath
	a.Root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	return a
}

// Reach lets the authority answer, as Start says. One goroutine stays behind, as Pebble has no end.
func (a *Authority) Reach(httpPort, tlsPort int, life time.Duration) {
	a.t.Helper()
	a.t.Setenv("PEBBLE_VA_NOSLEEP", "1")
	a.t.Setenv("PEBBLE_WFE_NONCEREJECT", "0")
	quiet := log.New(io.Discard, "", 0)
	store := db.NewMemoryStore()
	authority := ca.New(quiet, store, "", "ecdsa", 0, 1, map[string]ca.Profile{"default": {Description: "for tests", ValidityPeriod: uint64(life.Seconds())}})
	checker := va.New(quiet, httpPort, tlsPort, false, resolver(a.t), store)
	implementation := wfe.New(quiet, store, checker, authority, nil, false, false, 1, 1)
	front := implementation.Handler()
	a.front.Store(&front)
	close(a.ready)
}

// Close ends the authority before the test does.
func (a *Authority) Close() { a.server.Close() }

// resolver answers every question with 127.0.0.1, and returns its address.
func resolver(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &dns.Server{Listener: l, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, q *dns.Msg) {
		a := new(dns.Msg).SetReply(q)
		for _, question := range q.Question {
			if question.Qtype == dns.TypeA {
				a.Answer = append(a.Answer, &dns.A{Hdr: dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(127, 0, 0, 1)})
			}
		}
		if err := w.WriteMsg(a); err != nil {
			t.Log(err)
		}
	})}
	served := make(chan error, 1)
	go func() { served <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		if err := server.Shutdown(); err != nil {
			t.Error(err)
		}
		<-served
	})
	return l.Addr().String()
}
