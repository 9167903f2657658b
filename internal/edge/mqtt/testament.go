package mqtt

import (
	"errors"
	"time"
)

// testament is what happens if a session stays away.
type testament struct {
	will    *will       // not published yet; nil for none
	putOff  bool        // it would be published by now, but for the grace of who has lost its node
	willDue *time.Timer // publishes it; nil without one
	gone    *time.Timer // ends the session; nil while there is a connection
}

// stop keeps it from being done.
func (t *testament) stop() {
	if t.willDue != nil {
		t.willDue.Stop()
	}
	if t.gone != nil {
		t.gone.Stop()
	}
	*t = testament{}
}

// waitLocked begins to wait for a client that has been away for a time, but not less than for grace. It returns the will if it is
// due at once.
func (s *mqttSession) waitLocked(w *will, away, grace time.Duration) (due *will) {
	ends := max(s.expiry-away, grace, 0)
	s.gone = time.AfterFunc(ends, s.expire)
	if w == nil {
		return nil
	}
	delay := max(min(w.delay, s.expiry)-away, 0)
	if s.putOff = delay < grace; s.putOff {
		delay = grace
	}
	if delay == 0 {
		s.will = nil
		return w
	}
	s.will = w
	if delay < ends { // else it is published with the end
		s.willDue = time.AfterFunc(delay, s.publishWill)
	}
	return nil
}

// publishWill publishes the will whose delay is over, unless the client has come back.
func (s *mqttSession) publishWill() {
	s.mu.Lock()
	w := s.will
	s.will = nil
	s.mu.Unlock()
	s.journal.commit(s.unlessSuperseded(w))
}

// unlessSuperseded publishes a will, which may be nil, when it is known that the session is this node's and not any more to be
// published by another.
func (s *mqttSession) unlessSuperseded(w *will) (stored func(error)) {
	return func(err error) {
		if w != nil && !errors.Is(err, errSuperseded) {
			s.handler.publishWill(w)
		}
	}
}
