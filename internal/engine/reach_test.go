package engine

import (
	"context"
	"errors"
	"net"
	"testing"
)

func TestANodeIsReachedByWhoHasTheSecret(t *testing.T) {
	config := configs(t, 1)[0]
	startNode(t, config)
	addr := config.Cluster.Listen
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	own := &Cluster{Name: "test", Node: "b", Secret: secret}
	if err := own.Reach(ctx, addr); err != nil {
		t.Errorf("with the secret: %v", err)
	}
	for _, other := range []*Cluster{{Name: "test", Node: "b", Secret: []byte("another secret with enough bytes in it")}, {Name: "other", Node: "b", Secret: secret}} {
		if err := other.Reach(ctx, addr); !errors.Is(err, ErrStranger) {
			t.Errorf("with another secret or name: %v", err)
		}
	}
	if err := own.Reach(ctx, freeAddr(t)); err == nil || errors.Is(err, ErrStranger) {
		t.Errorf("where nobody listens: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan struct{})
	defer func() { <-served }()
	go func() {
		defer close(served)
		if nc, err := l.Accept(); err == nil {
			nc.Write([]byte("220 mail.example ESMTP\r\n")) // fails only if it is not read
			nc.Close()
		}
	}()
	if err := own.Reach(ctx, l.Addr().String()); !errors.Is(err, ErrNotNode) {
		t.Errorf("another service: %v", err)
	}
}
