package mqtt

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// maxRetainedBytes bounds the retained messages of all channels, which every node has in memory.
const maxRetainedBytes = 64 << 20

// retained are the messages that their publishers wanted kept for those who subscribe later, the last of each channel
// (MQTT 5, section 3.3.1.3). They are in memory, and in a log that all nodes share if there is one.
type retained struct {
	log Log // nil for none

	mu    sync.RWMutex // guards what follows
	all   map[channel.Name]*broker.Message
	bytes int
}

func newRetained(log Log) *retained {
	return &retained{log: log, all: make(map[channel.Name]*broker.Message)}
}

// set keeps a message, or forgets that of the channel if it is empty.
func (r *retained) set(m *broker.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.all[m.Channel]; old != nil {
		r.bytes -= weight(old)
		delete(r.all, m.Channel)
	}
	if len(m.Payload) > 0 {
		r.bytes += weight(m)
		r.all[m.Channel] = m
	}
}

// learn is set for a message of the log, whose offset there is none of the channel's.
func (r *retained) learn(m *broker.Message) {
	kept := *m
	kept.Offset = 0
	r.set(&kept)
}

// matching returns those of the channels that a pattern selects. Cost: a look at each for a pattern with wildcards.
func (r *retained) matching(p channel.Pattern) []*broker.Message {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if name, one := p.IsName(); one {
		if m := r.all[name]; m != nil {
			return []*broker.Message{m}
		}
		return nil
	}
	var found []*broker.Message
	for name, m := range r.all {
		if p.Matches(name) {
			found = append(found, m)
		}
	}
	return found
}

// put keeps a message. Who subscribes to this node from now on is sent it; done is called when it is stored.
func (r *retained) put(ctx context.Context, m *broker.Message, done func(error)) {
	if r.full(m) {
		done(&packet.Error{Code: packet.QuotaExceeded, Reason: fmt.Sprintf("the retained messages of all topics have %d bytes, and may not have more; clear some with empty ones", maxRetainedBytes)})
		return
	}
	r.set(m)
	if r.log == nil {
		done(nil)
		return
	}
	kept := *m
	kept.ID, kept.Offset = "", 0
	r.log.Append(ctx, &kept, func(_ broker.Ack, err error) { done(err) })
}

// full tells whether there is no room for a message.
func (r *retained) full(m *broker.Message) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(m.Payload) > 0 && r.bytes+weight(m) > maxRetainedBytes
}

// deliverRetained sends what is retained to a subscription. It waits behind what the client has not taken, whatever the
// bound, since there is one for all that is retained.
func (s *mqttSession) deliverRetained(sub *subscription) {
	now := time.Now()
	for _, m := range s.handler.retained.matching(sub.pattern) {
		s.mu.Lock()
		if s.conn != nil && !m.Expired(now) && sub.wantsRetained(m) {
			d := delivery{message: m, sub: sub, qos: min(sub.options.QoS, qosOf(m)), retain: true}
			if sub.id != 0 {
				d.ids = []uint32{sub.id}
			}
			s.sendLocked(d)
		}
		s.mu.Unlock()
	}
	s.mu.Lock()
	s.drainLocked()
	s.mu.Unlock()
}

// wantsRetained is wants for a message that is retained, which a client gets though it has published it itself.
func (sub *subscription) wantsRetained(m *broker.Message) bool {
	copied := *m
	copied.Source = ""
	return sub.wants(&copied)
}
