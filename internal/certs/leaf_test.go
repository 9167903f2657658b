package certs

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const aDay = 24 * time.Hour

// logTo makes the authority log to the buffer it returns, which takes one writer at a time.
func logTo(ca *CA) *bytes.Buffer {
	var b bytes.Buffer
	ca.Log = slog.New(slog.NewTextHandler(&b, nil)) // which has a lock of its own
	return &b
}

func present(ca *CA) *x509.Certificate { return ca.currentLeaf().Leaf }

func TestTheLeafIsForThisMachineAndShortLived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := mustOpen(t, t.TempDir())
		leaf := present(ca)
		for _, host := range []string{"localhost", "127.0.0.1", "::1"} {
			if err := leaf.VerifyHostname(host); err != nil {
				t.Error(err)
			}
		}
		if len(leaf.DNSNames) != 1 || len(leaf.IPAddresses) != 2 || leaf.IsCA {
			t.Errorf("the leaf is for %v and %v; authority: %t", leaf.DNSNames, leaf.IPAddresses, leaf.IsCA)
		}
		if life := leaf.NotAfter.Sub(leaf.NotBefore); life != 90*aDay {
			t.Errorf("the leaf lives %v; want 90 days", life)
		}
		if !leaf.NotBefore.Before(time.Now()) {
			t.Error("a client whose clock is a little behind would refuse the leaf")
		}
	})
}

func TestTheLeafOutlivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := present(mustOpen(t, dir))
		time.Sleep(59 * aDay)
		if second := present(mustOpen(t, dir)); !first.Equal(second) {
			t.Error("the second start issued a leaf although the first had more than a third of its life left")
		}
	})
}

func TestALeafThatNearsItsEndIsRenewedAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		first := present(mustOpen(t, dir))
		time.Sleep(60 * aDay)
		second := present(mustOpen(t, dir))
		if first.Equal(second) || !second.NotAfter.After(time.Now().Add(89*aDay)) {
			t.Errorf("the second start serves a leaf until %v", second.NotAfter)
		}
		if third := present(mustOpen(t, dir)); !second.Equal(third) {
			t.Error("the new leaf was not stored")
		}
	})
}

func TestALeafThatCannotBeUsedIsIssuedAgain(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, ca *CA, path string)
	}{
		{"missing", func(t *testing.T, _ *CA, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}},
		{"damaged", func(t *testing.T, _ *CA, path string) {
			if err := os.WriteFile(path, []byte("hello"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"of another authority", func(t *testing.T, _ *CA, path string) {
			other := mustOpen(t, t.TempDir())
			if err := os.Rename(filepath.Join(other.dir, leafFile), path); err != nil {
				t.Fatal(err)
			}
		}},
		{"with another's key", func(t *testing.T, ca *CA, path string) {
			other, err := ca.issueLeaf()
			if err != nil {
				t.Fatal(err)
			}
			mixed := *other.cert
			mixed.Certificate = ca.currentLeaf().Certificate
			if err := ca.storeLeaf(&leaf{cert: &mixed}); err != nil {
				t.Fatal(err)
			}
		}},
		{"for fewer names", func(t *testing.T, ca *CA, path string) {
			now := time.Now()
			cert, key := sign(t, ca, x509.Certificate{
				NotBefore: now.Add(-aDay), NotAfter: now.Add(80 * aDay), DNSNames: []string{"localhost"},
				IPAddresses: []net.IP{net.IPv6loopback},
			})
			if err := ca.storeLeaf(newLeaf(key, cert)); err != nil {
				t.Fatal(err)
			}
		}},
		{"readable by others", func(t *testing.T, _ *CA, path string) {
			if err := os.Chmod(path, 0o644); err != nil {
				t.Fatal(err)
			}
			if !keepsModes { // then there is nothing wrong with it
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			first := mustOpen(t, dir)
			path := filepath.Join(dir, leafFile)
			test.spoil(t, first, path)
			second := mustOpen(t, dir)
			if present(first).Equal(present(second)) {
				t.Error("the spoiled leaf is served")
			}
			if !second.vouchesFor(present(second)) {
				t.Error("what is served instead does not verify")
			}
			if _, open, err := readableByOthers(path); open || err != nil {
				t.Errorf("the new leaf's key is readable by others: %t, %v", open, err)
			}
			if third := mustOpen(t, dir); !present(second).Equal(present(third)) {
				t.Error("the new leaf was not stored")
			}
		})
	}
}

func TestALeafIsRenewedWhileTheServerRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ca := mustOpen(t, dir)
		log := logTo(ca)
		first := present(ca)
		time.Sleep(59 * aDay)
		if !present(ca).Equal(first) {
			t.Error("the leaf was renewed with more than a third of its life left")
		}
		time.Sleep(aDay)
		second := present(ca)
		if second.Equal(first) || !second.NotAfter.After(time.Now().Add(89*aDay)) {
			t.Errorf("the server serves a leaf until %v", second.NotAfter)
		}
		if !present(mustOpen(t, dir)).Equal(second) {
			t.Error("the new leaf was not stored")
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "renewed the certificate for localhost") {
			t.Errorf("the log says %q", log)
		}
	})
}

func TestManyHandshakesAtOnceRenewOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := mustOpen(t, t.TempDir())
		log := logTo(ca)
		first := present(ca)
		time.Sleep(75 * aDay)
		const handshakes = 32
		got := make([]*x509.Certificate, handshakes)
		var group sync.WaitGroup
		for n := range handshakes {
			group.Go(func() { got[n] = present(ca) })
		}
		group.Wait()
		second := present(ca)
		for n, leaf := range got {
			if !leaf.Equal(first) && !leaf.Equal(second) {
				t.Errorf("handshake %d got a third leaf", n)
			}
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 || second.Equal(first) {
			t.Errorf("want one renewal; the log says %q", log)
		}
	})
}

func TestALeafThatCannotBeStoredIsServedAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "ca")
		ca := mustOpen(t, dir)
		log := logTo(ca)
		first := present(ca)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		time.Sleep(60 * aDay)
		if second := present(ca); second.Equal(first) || !second.NotAfter.After(time.Now()) {
			t.Errorf("the server serves a leaf until %v", second.NotAfter)
		}
		if !strings.Contains(log.String(), "could not store it") || !strings.Contains(log.String(), "level=WARN") {
			t.Errorf("the log says %q", log)
		}
	})
}

func TestTheOldLeafIsServedWhenRenewingFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := mustOpen(t, t.TempDir())
		log := logTo(ca)
		first := present(ca)
		time.Sleep(11 * 365 * aDay) // until the authority has expired
		for range 3 {
			if !present(ca).Equal(first) {
				t.Error("an expired authority issued a leaf")
			}
		}
		if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "expired on 1 January 2010; delete ca.pem") {
			t.Errorf("want one line about what to do; the log says %q", log)
		}
		time.Sleep(renewalRetry)
		present(ca)
		if lines := strings.Count(log.String(), "\n"); lines != 2 {
			t.Errorf("want another attempt after %v; the log says %q", renewalRetry, log)
		}
	})
}

func TestALeafDoesNotOutliveItsAuthority(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ca := mustOpen(t, dir)
		logTo(ca)
		time.Sleep(time.Until(ca.cert.NotAfter) - 10*aDay)
		leaf := present(ca)
		if !leaf.NotAfter.Equal(ca.cert.NotAfter) || !ca.vouchesFor(leaf) {
			t.Errorf("ten days before the authority's end, %v, it issues a leaf until %v", ca.cert.NotAfter, leaf.NotAfter)
		}
	})
}
