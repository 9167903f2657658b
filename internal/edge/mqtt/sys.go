package mqtt

import (
	"context"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// sysInterval is how often the server tells about itself.
const sysInterval = 10 * time.Second

// system tells about this node below $SYS, as brokers do, to whom the rules of these channels let subscribe.
type system struct {
	handler *Handler
	began   time.Time
	told    map[channel.Name]string
}

// run tells what has changed, from time to time, until ctx ends.
func (s *system) run(ctx context.Context) {
	tick := time.NewTicker(sysInterval)
	defer tick.Stop()
	for {
		s.tell(time.Now())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// values are what is told.
func (s *system) values(now time.Time) map[channel.Name]string {
	h := s.handler
	connected := h.door.Clients.Edges()[h.door.Edge]
	sessions, away := h.sessions.counts()
	retained, retainedBytes := h.retained.counts()
	return map[channel.Name]string{
		"$SYS/broker/version":                 "Holdfast",
		"$SYS/broker/uptime":                  strconv.Itoa(int(now.Sub(s.began)/time.Second)) + " seconds",
		"$SYS/broker/clients/connected":       strconv.Itoa(connected),
		"$SYS/broker/clients/disconnected":    strconv.Itoa(away),
		"$SYS/broker/clients/total":           strconv.Itoa(sessions),
		"$SYS/broker/retained messages/count": strconv.Itoa(retained),
		"$SYS/broker/retained messages/bytes": strconv.Itoa(retainedBytes),
	}
}

// tell tells those who have subscribed with MQTT what has changed. It is no publication: nobody has sent it, and a history of
// it would be of no use.
func (s *system) tell(now time.Time) {
	var changed []*broker.Message
	for name, value := range s.values(now) {
		if s.told[name] != value {
			s.told[name] = value
			m := &broker.Message{Channel: name, Type: websocket.Text, Payload: []byte(value), Time: now}
			s.handler.retained.set(m)
			changed = append(changed, m)
		}
	}
	for _, session := range s.handler.sessions.list() {
		session.hear(changed)
	}
}

// hear sends what the server tells about itself to the subscriptions for it.
func (s *mqttSession) hear(told []*broker.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subs {
		if s.conn == nil || sub.pattern[0] != '$' {
			continue
		}
		for _, m := range told {
			if sub.pattern.Matches(m.Channel) && s.pending.fits(weight(m), s.handler.config.SendQueueBytes) {
				s.sendLocked(delivery{message: m, sub: sub, qos: sub.options.QoS})
			}
		}
	}
}

// counts returns how many sessions there are, and how many of them are away.
func (ss *sessions) counts() (all, away int) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return len(ss.all), ss.away.Len()
}

// counts returns how many messages are retained, and how much memory they take.
func (r *retained) counts() (messages, bytes int) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.all), r.bytes
}
