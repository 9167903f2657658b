package mqtt

import (
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// mqttSession is a client's session (MQTT 5, section 4.1). It belongs to a connection, or waits for one. Its subscriptions go
// on meanwhile: those to channels with history leave the live feed and catch up from the log later, what comes on others
// with QoS 1 and 2 waits here.
type mqttSession struct {
	handler *Handler
	key     sessionKey
	source  string // what it publishes bears this
	claim   string // what is stored of it bears this

	journal journal

	subscribing sync.Mutex // held while subscriptions are changed; taken before mu

	// mu guards what follows. It is taken while a channel is locked, so nothing that locks channels is called with it held.
	mu        sync.Mutex
	conn      *conn         // nil while away
	expiry    time.Duration // for which it lasts without a connection
	over      bool
	subs      map[string]*subscription // by filter, as it was written
	wild      []*subscription          // those with wildcards that are not shared
	arrivals  map[uint16]*arrival      // QoS 2, from the client
	window    window                   // QoS 1 and 2, to the client
	pending   pending                  // what has not been sent
	flushing  bool                     // a goroutine waits until the link has room
	changed   chan struct{}            // closed when Flush is to look again; nil while nobody waits
	who       *auth.Identity           // of the last connection; nil if there has been none
	came      time.Time                // when the connection did
	lostAt    time.Time                // when there was a connection last; zero if there never was
	arrived   uint64                   // publications with QoS 2 that got an id
	inLog     bool                     // it is stored
	restored  bool                     // it was, and has been made of that
	moved     bool                     // something has been delivered since it was stored
	steps     []func()                 // that wait until the session is stored
	stepping  bool                     // a goroutine takes them
	testament                          // what happens if it does not come back
}

func newSession(h *Handler, key sessionKey) *mqttSession {
	s := &mqttSession{handler: h, key: key, source: h.newSource()}
	s.claim = s.source
	s.journal.session = s
	return s
}

// attach gives the session a connection, tells that the client is let in, and sends again what it has not acknowledged. here
// says that the session was on this node before. It returns false if the session has ended meanwhile.
func (s *mqttSession) attach(c *conn, p *packet.Connect, ok *packet.Connack, here bool) bool {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return false
	}
	old := s.conn
	s.testament.stop()
	s.who = c.client.Who()
	s.conn, s.came, s.expiry = c, time.Now(), min(sessionExpiry(p), s.handler.config.MaxSessionExpiry)
	s.window.open(c, p)
	c.session = s
	c.belongs.Store(s)
	c.out.say(ok.Append(nil, c.version))
	if old != nil {
		old.end(packet.SessionTakenOver, "another connection has taken over the session")
	}
	s.drainLocked()
	s.wakeLocked()
	s.mu.Unlock()
	s.reopen(c)
	s.retell()
	if here {
		s.journal.commit(func(error) {})
	}
	return true
}

// detach notes that a connection is over.
func (s *mqttSession) detach(c *conn) {
	s.mu.Lock()
	w := c.will.Swap(nil)
	grace := time.Duration(0)
	if c.leaving.Load() { // the server stops: the client is not lost, and will be somewhere else soon
		grace = s.handler.config.Grace
	}
	if s.conn != c { // another one has taken over
		due := w != nil && grace == 0 && (w.delay == 0 || s.over)
		s.mu.Unlock()
		if due {
			s.handler.publishWill(w)
		}
		return
	}
	s.conn, s.lostAt = nil, time.Now()
	s.partLocked()
	if s.over {
		s.mu.Unlock()
		if w != nil {
			s.handler.publishWill(w)
		}
		return
	}
	if s.expiry == 0 && (w == nil || grace == 0) {
		s.will = w
		s.mu.Unlock()
		s.handler.sessions.remove(s)
		s.end()
		return
	}
	s.pending.dropQoS0()
	due := s.waitLocked(w, 0, grace)
	s.wakeLocked()
	s.mu.Unlock()
	s.journal.commit(s.unlessSuperseded(due))
	s.handler.sessions.left(s)
	s.retell()
}

// expire ends the session because it has been without a connection for too long.
func (s *mqttSession) expire() {
	s.mu.Lock()
	away := s.conn == nil && s.gone != nil
	s.mu.Unlock()
	if away && s.handler.sessions.remove(s) {
		s.end()
	}
}

// end ends the session, which is not among the sessions any more.
func (s *mqttSession) end() {
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return
	}
	s.over = true
	w := s.will
	s.testament.stop()
	if c := s.conn; c != nil {
		c.end(packet.SessionTakenOver, "another connection has begun a new session")
	}
	s.wakeLocked()
	s.mu.Unlock()
	s.journal.commit(s.unlessSuperseded(w))
	s.handOn()
	s.cancelAll()
}

// abandon ends the session here, and leaves it as it is stored: its will is another's to publish.
func (s *mqttSession) abandon(code packet.Reason, reason string) {
	s.mu.Lock()
	s.over = true
	s.testament.stop()
	s.handOnPendingLocked(true)
	if c := s.conn; c != nil {
		c.will.Store(nil)
		c.end(code, reason)
	}
	s.wakeLocked()
	s.mu.Unlock()
	s.journal.forbid()
	s.cancelAll()
}

// handOver ends the session here because another node gets it, and returns what it is to store, and to take over besides; nil if it is
// to end altogether. The log is not written any more.
func (s *mqttSession) handOver(clean bool) (r *record, parcels []parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := clean || s.expiry == 0
	w := s.will
	if s.putOff || !ends {
		w = nil // the client has come back in time
	}
	if c := s.conn; c != nil {
		if w = c.will.Swap(nil); w != nil && w.delay > 0 && !ends {
			w = nil
		}
	}
	if !ends {
		r, parcels = s.recordLocked(), s.parcelsLocked()
		s.handOnPendingLocked(false)
	}
	s.over = true
	s.testament.stop()
	if s.conn != nil {
		s.conn.end(packet.SessionTakenOver, "the client has come to another node")
	}
	s.wakeLocked()
	if w != nil {
		s.handler.publishWill(w)
	}
	return r, parcels
}

func (s *mqttSession) cancelAll() {
	s.subscribing.Lock()
	defer s.subscribing.Unlock()
	for _, sub := range s.subs {
		sub.cancel()
	}
}

// hasMoved tells whether anything has been delivered since it was asked last, or acknowledged.
func (s *mqttSession) hasMoved() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	moved := s.moved && s.expiry > 0 && !s.over
	s.moved = false
	return moved
}

// setExpiry changes how long the session lasts without a connection. It can't be made to last at all if it was not to
// (MQTT 5, section 3.14.2.2.2); then it returns false.
func (s *mqttSession) setExpiry(wanted time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expiry == 0 && wanted > 0 {
		return false
	}
	s.expiry = min(wanted, s.handler.config.MaxSessionExpiry)
	return true
}

// patterns returns what the session is subscribed to.
func (s *mqttSession) patterns() []channel.Pattern {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]channel.Pattern, 0, len(s.subs))
	for _, sub := range s.subs {
		all = append(all, sub.pattern)
	}
	return all
}

// wakeLocked has those look again who wait in Flush.
func (s *mqttSession) wakeLocked() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}
