package hub

import (
	"sync"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Subscription is one subscriber's membership in one ephemeral channel, or in all that a pattern matches.
type Subscription struct {
	hub        *Hub
	pattern    channel.Pattern
	topic      *topic
	subscriber Subscriber
	index      int // in topic.subs; guarded by topic.mu
	cancel     sync.Once
}

// Cancel ends the subscription. When it returns, no Deliver for it is running or will run. Further
// calls do nothing.
func (s *Subscription) Cancel() {
	s.cancel.Do(func() {
		s.topic.remove(s)
		s.hub.leave(s.pattern, s.topic)
	})
}
