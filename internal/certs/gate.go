package certs

import (
	"crypto"
	"crypto/tls"
	"errors"
	"io"
	"sync/atomic"
)

// ErrBusy fails a handshake that finds too many others waiting.
var ErrBusy = errors.New("too many TLS handshakes at the same time")

// gate bounds how many handshakes sign at the same time, which is most of what a handshake costs: so a
// wave of them leaves the processors to those who are connected. A place is taken while the processor works
// and never while a client is waited for, or else slow clients could take them all.
type gate struct {
	running chan struct{} // one for each that signs
	waiting atomic.Int64  // those that sign and those that wait
	refused atomic.Uint64
	most    int64 // of waiting
}

func newGate(running, queue int) *gate {
	return &gate{running: make(chan struct{}, running), most: int64(running) + int64(queue)}
}

// enter waits for a place; leave must be called if it returns nil.
func (g *gate) enter() error {
	if g.waiting.Add(1) > g.most {
		g.waiting.Add(-1)
		g.refused.Add(1)
		return ErrBusy
	}
	g.running <- struct{}{}
	return nil
}

func (g *gate) leave() {
	<-g.running
	g.waiting.Add(-1)
}

// guard returns cert with a key that goes through the gate. Costs an allocation for each of the two.
func (g *gate) guard(cert *tls.Certificate) *tls.Certificate {
	signer, ok := cert.PrivateKey.(crypto.Signer)
	if !ok {
		return cert // crypto/tls refuses it
	}
	guarded := *cert
	guarded.PrivateKey = &gatedKey{signer, g}
	return &guarded
}

// gatedKey is a private key behind a gate.
type gatedKey struct {
	crypto.Signer
	gate *gate
}

// Sign implements [crypto.Signer].
func (k *gatedKey) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if err := k.gate.enter(); err != nil {
		return nil, err
	}
	defer k.gate.leave()
	return k.Signer.Sign(rand, digest, opts)
}
