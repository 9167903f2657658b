package certs

import (
	"crypto"
	"crypto/tls"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

// slowKey takes a second to sign, and counts who does at the same time.
type slowKey struct {
	crypto.Signer
	now, most atomic.Int64
}

func (k *slowKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.most.Store(max(k.most.Load(), k.now.Add(1)))
	time.Sleep(time.Second)
	k.now.Add(-1)
	return k.Signer.Sign(rand, digest, opts)
}

func TestHandshakesSignInTurnsAndTooManyFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const running, queue, others = 3, 10, 5
		ca := certstest.New(t)
		s := mustOpenStore(t, Options{Pairs: []PairFiles{pairIn(t, t.TempDir(), ca.Issue(nil))}, Handshakes: running, HandshakeQueue: queue})
		key := &slowKey{Signer: s.pairs[0].cert.PrivateKey.(crypto.Signer)}
		s.pairs[0].cert.PrivateKey = key
		s.publish()
		var clients sync.WaitGroup
		var failed atomic.Int64
		for range running + queue + others {
			clients.Go(func() {
				if _, err := meet(s.TLSConfig(), &tls.Config{ServerName: "localhost", RootCAs: ca.Pool()}); err != nil {
					failed.Add(1)
				}
			})
		}
		clients.Wait()
		if key.most.Load() != running || failed.Load() != others {
			t.Errorf("%d signed at the same time and %d failed; want %d and %d", key.most.Load(), failed.Load(), running, others)
		}
		if now, refused := s.Handshakes(); now != 0 || refused != others || len(s.gate.running) != 0 {
			t.Errorf("places are not given back, or not counted: %d, %d", now, refused)
		}
	})
}

func TestAPlaceThatIsLeftIsFree(t *testing.T) {
	g := newGate(1, 0)
	if err := g.enter(); err != nil {
		t.Fatal(err)
	}
	if err := g.enter(); !errors.Is(err, ErrBusy) {
		t.Errorf("a second one: %v", err)
	}
	g.leave()
	if err := g.enter(); err != nil {
		t.Errorf("after the first has left: %v", err)
	}
}
