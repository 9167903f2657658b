// Package doortest has a door for the tests of edges, and those who come to it.
package doortest

import (
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
)

// New returns a door that takes tokens of Token, tells its audit to nobody, and lets everybody in whom limits let in.
func New(t testing.TB, edge string, rules *policy.Rules, limits policy.Limits) *door.Door {
	return NewWith(t, edge, rules, limits, nil)
}

// NewWith is New for servers with API keys too, where clients can be revoked; nil for where they can't.
func NewWith(t testing.TB, edge string, rules *policy.Rules, limits policy.Limits, revoked *auth.Revocations, apiKeys ...auth.APIKey) *door.Door {
	t.Helper()
	a, err := auth.New(t.Context(), auth.Config{Keys: []auth.Key{Key(t)}, APIKeys: apiKeys, Revoked: revoked})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return &door.Door{
		Edge:    edge,
		Clients: session.NewClients(rules, limits, revoked),
		Auth:    a,
		Audit:   telemetry.NewAudit(slog.New(slog.DiscardHandler), prometheus.NewRegistry()),
	}
}

// Key signs the tokens.
func Key(t testing.TB) auth.Key {
	t.Helper()
	k, err := auth.NewSecret("", []byte("a secret of more than thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// Token returns a token for a user that lasts for a while.
func Token(t testing.TB, user string, lasts time.Duration, channels map[string]string) string {
	t.Helper()
	now := time.Now()
	s, err := Key(t).Sign(auth.Claims{User: user, Channels: channels, Issued: now, Expires: now.Add(lasts)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// OpenRule returns the rule of channels that everybody may do everything with.
func OpenRule() policy.Rule {
	r := policy.Default()
	r.Channels, r.Access = "#", policy.Open
	return r
}

// Guarded returns rules of channels that not everybody may use, and last that of all others: below mine/USER/ a
// channel belongs to the user, what is below staff/ takes a grant, and everybody may subscribe to what is below news/.
func Guarded() []policy.Rule {
	mine, staff, news := policy.Default(), policy.Default(), policy.Default()
	mine.Channels, mine.Owner, mine.Access = "mine/+/#", 2, policy.Access{Subscribe: policy.Users, Publish: policy.Users}
	staff.Channels = "staff/#"
	news.Channels, news.History.Count, news.Slow = "news/#", 100, policy.SlowCatchUp
	news.Access = policy.Access{Subscribe: policy.Anyone, Publish: policy.Granted, History: policy.Granted}
	return []policy.Rule{mine, staff, news, OpenRule()}
}
