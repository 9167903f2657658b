package certs

import (
	"crypto/tls"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

func TestTheStoreSpeaksModernTLSAlone(t *testing.T) {
	ca := certstest.New(t)
	s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), ca.Issue(nil))}})
	for _, test := range []struct {
		name   string
		client *tls.Config
		fine   bool
	}{
		{"TLS 1.3", &tls.Config{MinVersion: tls.VersionTLS13}, true},
		{"TLS 1.2", &tls.Config{MaxVersion: tls.VersionTLS12}, true},
		{"TLS 1.2 with CBC", &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, false},
		{"TLS 1.1", &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		{"old curves", &tls.Config{CurvePreferences: []tls.CurveID{tls.CurveP256}}, true},
	} {
		test.client.ServerName, test.client.RootCAs = "localhost", ca.Pool()
		if _, err := meet(s.TLSConfig(), test.client); (err == nil) != test.fine {
			t.Errorf("%s: %v; want it accepted: %t", test.name, err, test.fine)
		}
	}
	state, err := meet(s.TLSConfig(), &tls.Config{ServerName: "localhost", RootCAs: ca.Pool()})
	if err != nil || state.CurveID != tls.X25519MLKEM768 {
		t.Errorf("the keys are exchanged by %v (%v); want the hybrid with ML-KEM", state.CurveID, err)
	}
}

func TestSessionsAreResumedUntilTheKeyOfTheirTicketIsForgotten(t *testing.T) {
	for name, options := range map[string]Options{
		"no client certificates": {},
		"client certificates":    {ClientAuth: tls.VerifyClientCertIfGiven}, // by GetConfigForClient
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ca := certstest.New(t)
				cert := ca.Issue(nil)
				options.Pairs = []PairFiles{pairIn(t, t.TempDir(), cert)}
				options.ClientCA = ca.WriteFile(t.TempDir())
				s := mustOpenStore(t, options)
				resumed := func(cache tls.ClientSessionCache) bool {
					t.Helper()
					state, err := meet(s.TLSConfig(), &tls.Config{ServerName: "localhost", RootCAs: ca.Pool(), ClientSessionCache: cache})
					check(t, err)
					return state.DidResume
				}
				old, cache := tls.NewLRUClientSessionCache(1), tls.NewLRUClientSessionCache(1)
				if resumed(cache) || resumed(old) {
					t.Error("the first connection is resumed")
				}
				pairIn(t, t.TempDir(), ca.Issue(nil))
				s.Reload()
				if !resumed(cache) {
					t.Error("the second connection is not resumed")
				}
				time.Sleep(3 * oneDay)
				if !resumed(cache) {
					t.Error("after three days, with another key for new tickets, an old ticket is not taken")
				}
				time.Sleep(5 * oneDay)
				resumed(tls.NewLRUClientSessionCache(1)) // a handshake that makes the next key
				if resumed(old) {
					t.Error("a ticket of eight days is taken")
				}
			})
		})
	}
}
