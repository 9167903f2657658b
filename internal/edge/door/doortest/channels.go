package doortest

import (
	"context"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// Channels are channels with rules, whose logs take messages of at most so many bytes.
func Channels(t testing.TB, maxMessageBytes int, rules ...policy.Rule) *session.Channels {
	t.Helper()
	all, err := policy.NewRules(rules...)
	if err != nil {
		t.Fatal(err)
	}
	// The longest that anything may take; it is not a timing that is tested.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	logs, err := broker.Open(ctx, broker.Config{Dir: t.TempDir(), MaxMessageBytes: maxMessageBytes, SyncInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	h := hub.New()
	t.Cleanup(func() {
		h.Close()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		defer cancel()
		if err := logs.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	channels, err := session.NewChannels(ctx, h, all, func(ctx context.Context, r *policy.Rule) (session.Log, error) {
		return logs.Log(ctx, string(r.Channels), broker.Retention{Count: r.History.Count})
	})
	if err != nil {
		t.Fatal(err)
	}
	return channels
}
