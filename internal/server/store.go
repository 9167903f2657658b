package server

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// store is what is behind the edges: the channels, and what is kept of them.
type store struct {
	logs     *broker.Broker // nil if no channel has history
	hub      *hub.Hub
	channels *session.Channels
}

// openStore opens the logs of the rules with history. Without any, nothing is written to disk.
func openStore(ctx context.Context, rules *policy.Rules, c broker.Config) (_ *store, err error) {
	s := &store{hub: hub.New()}
	defer func() {
		if err != nil {
			s.close(ctx) // what failed is told already
		}
	}()
	if mostKept, kept := largestKept(rules); kept {
		c.MaxMessageBytes = int(mostKept)
		if s.logs, err = broker.Open(ctx, c); err != nil {
			return nil, err
		}
	}
	s.channels, err = session.NewChannels(ctx, s.hub, rules, func(ctx context.Context, r *policy.Rule) (session.Log, error) {
		h := r.History
		return s.logs.Log(ctx, string(r.Channels), broker.Retention{Count: h.Count, Age: h.Age, Bytes: h.Bytes})
	})
	return s, err
}

// largestKept returns the largest message that any rule with history allows, and whether there is
// such a rule.
func largestKept(rules *policy.Rules) (bytes int64, kept bool) {
	for _, r := range rules.All() {
		if r.History.Kept() {
			bytes, kept = max(bytes, r.MaxMessageBytes), true
		}
	}
	return bytes, kept
}

// close ends what openStore began. The edges have been closed before. Until ctx ends it waits for
// messages that are on their way to the log.
func (s *store) close(ctx context.Context) error {
	s.hub.Close()
	if s.logs == nil {
		return nil
	}
	return s.logs.Close(ctx)
}
