package server

import (
	"context"
	"errors"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// store is what is behind the edges: the channels, and what is kept of them.
type store struct {
	logs      *broker.Broker // nil if nothing is kept
	histories []*broker.Log  // of the rules with history
	hub       *hub.Hub
	channels  *session.Channels
}

// openStore opens the logs of the rules with history. Without any, and if nothing else is to be kept or told, of which a piece has
// so many bytes at most, nothing is written to disk.
func openStore(ctx context.Context, rules *policy.Rules, c broker.Config, mostElse int) (opened *store, err error) {
	s := &store{hub: hub.New()}
	defer func() {
		if err != nil {
			opened, err = nil, errors.Join(err, s.close(ctx))
		}
	}()
	if mostKept, kept := largestKept(rules); kept || mostElse > 0 {
		c.MaxMessageBytes = max(int(mostKept), mostElse, mqtt.MaxRecordBytes)
		if s.logs, err = broker.Open(ctx, c); err != nil {
			return nil, err
		}
	}
	s.channels, err = session.NewChannels(ctx, s.hub, rules, func(ctx context.Context, r *policy.Rule) (session.Log, error) {
		h := r.History
		log, err := s.logs.Log(ctx, string(r.Channels), broker.Retention{Count: h.Count, Age: h.Age, Bytes: h.Bytes})
		s.histories = append(s.histories, log)
		return log, err
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

// publish publishes a text, and returns when that has happened or can't.
func (s *store) publish(ctx context.Context, name channel.Name, text []byte) error {
	published := make(chan error, 1)
	p := hub.NewPublication(name, websocket.Message{Type: websocket.Text, Payload: text})
	s.channels.Publish(ctx, nil, p, func(_ int, _ broker.Ack, err error) { published <- err })
	select {
	case err := <-published:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
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
