package server

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
)

func TestWhatIsRevokedStaysSoAfterARestartAndIsKnownToAll(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	open := func() (*broker.Broker, *identities) {
		t.Helper()
		b, err := broker.Open(ctx, broker.Config{Dir: dir, SyncInterval: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		return b, openIDs(ctx, t, b)
	}
	b, one := open()
	two := openIDs(ctx, t, b) // as on another node
	var mu sync.Mutex
	var heard []string
	told := make(chan struct{}, 10)
	two.revoked.Watch(func(r auth.Revocation) {
		mu.Lock()
		heard = append(heard, r.TokenID)
		mu.Unlock()
		told <- struct{}{}
	})
	for _, id := range []string{"a", "b"} {
		if err := one.revoked.Revoke(ctx, auth.Revocation{TokenID: id}); err != nil {
			t.Fatal(err)
		}
		<-told
	}
	mu.Lock()
	if !slices.Equal(heard, []string{"a", "b"}) {
		t.Errorf("heard %q", heard)
	}
	mu.Unlock()
	one.close()
	two.close()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
	b, again := open()
	for id, want := range map[string]bool{"a": true, "b": true, "c": false} {
		if got := again.revoked.Revoked(&auth.Identity{TokenID: id}, ""); got != want {
			t.Errorf("%s: revoked is %v", id, got)
		}
	}
	again.close()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func openIDs(ctx context.Context, t *testing.T, b *broker.Broker) *identities {
	t.Helper()
	ids, err := openIdentities(ctx, auth.Config{MaxLifetime: time.Hour}, false, b, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
