package mqtt

import (
	"github.com/holdfast-dev/holdfast/websocket"
)

// What is sent with QoS 2 arrives once though the server is killed, because it is stored before each step what the client
// will know after it: which packet identifier a message has before PUBLISH, that it has come before PUBREL.

// recordsLocked tells whether a message is sent like this: if the session is stored, and a log has the message.
func (s *mqttSession) recordsLocked(f *flight) bool {
	return f.qos == 2 && f.message != nil && f.message.Offset > 0 && s.expiry > 0 && s.handler.config.Sessions != nil
}

// whenStoredLocked calls next, with the session's lock held, when the session is stored as it is now. The order is kept, and
// what comes meanwhile is stored together.
func (s *mqttSession) whenStoredLocked(next func()) {
	s.steps = append(s.steps, next)
	if !s.stepping {
		s.stepping = s.conn.out.goes(s.step)
	}
	if !s.stepping {
		s.steps = nil // the connection is over; the next one sends everything again
	}
}

// step stores the session for the steps that wait, and takes them, until there are none.
func (s *mqttSession) step() {
	for {
		s.mu.Lock()
		steps := s.steps
		s.steps = nil
		if s.stepping = len(steps) > 0; !s.stepping {
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if s.journal.await() != nil {
			continue // the log is not there; the client is told nothing, and connects again some time
		}
		s.mu.Lock()
		for _, next := range steps {
			next()
		}
		s.mu.Unlock()
	}
}

// sendRecordedLocked sends a message whose packet identifier is stored, unless the connection is another one: then it is sent
// again anyway.
func (s *mqttSession) sendRecordedLocked(c *conn, f *flight) {
	if s.conn != c || s.window.byID[f.id] != f {
		return
	}
	switch c.sendPublish(&f.delivery, f.id, false) {
	case websocket.Dropped:
		c.out.say(c.encode(&f.delivery, f.id)) // it is its turn, and must not be overtaken
	case tooLarge:
		s.window.end(f.id)
	}
}

// encode returns PUBLISH in the plainest form.
func (c *conn) encode(d *delivery, id uint16) []byte {
	p := publishOf(d.message, c.version, d.message.Time)
	p.QoS, p.ID, p.Retain = d.qos, id, d.retain
	return p.Append(nil, c.version)
}

// releaseLocked says that a message is known to have come.
func (s *mqttSession) releaseLocked(c *conn, f *flight) {
	say := func() {
		if s.conn == c {
			c.out.say(pubrel(f.id))
		}
	}
	if recorded := s.recordsLocked(f); recorded && !f.released {
		f.released = true
		s.whenStoredLocked(say)
		return
	}
	f.released = true
	say()
}
