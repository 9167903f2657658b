package mqtt

import (
	"context"
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

const (
	claimTimeout = 30 * time.Second // for finding a client's session and taking it over
	maxClaims    = 8                // attempts, while others take it, too
	claimPause   = 20 * time.Millisecond
)

// attach gives a connection the session that its client had, on whatever node, or a new one.
func (ss *sessions) attach(c *conn, p *packet.Connect, ok *packet.Connack) error {
	key := sessionKey{c.client.Who().User, p.ClientID}
	ctx, cancel := context.WithTimeout(c.work, claimTimeout)
	defer cancel()
	done, err := ss.turns.await(ctx, key)
	if err != nil {
		return err
	}
	defer done()
	for try := range maxClaims {
		s, here, err := ss.obtain(ctx, key, p, c.will.Load(), try)
		if err == nil {
			ok.SessionPresent = here || s.restored
			if s.attach(c, p, ok, here) {
				ss.tell(s, p.CleanStart)
				return nil
			}
		} else if !errors.Is(err, errSuperseded) {
			return err
		}
		select {
		case <-time.After(claimPause << try):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return &packet.Error{Code: packet.ServerBusy, Reason: "other connections with the same client identifier come all the time"}
}

// obtain returns a client's session, which this node has from now on: the one that is here, one from the log or from another node,
// or a new one. The error is errSuperseded if somebody else takes it at the same time. The turn is held.
func (ss *sessions) obtain(ctx context.Context, key sessionKey, p *packet.Connect, w *will, try int) (s *mqttSession, here bool, err error) {
	if old := ss.recall(key); old != nil {
		if !p.CleanStart && !old.brief() {
			return old, true, nil
		}
		ss.remove(old)
		old.forgive()
		old.end()
		old.journal.settle()
	}
	wanted := min(sessionExpiry(p), ss.handler.config.MaxSessionExpiry)
	found, err := ss.find(ctx, key, p.CleanStart, try == 0 && (p.CleanStart || wanted > 0))
	if err != nil {
		return nil, false, err
	}
	if r := found.record; r != nil && !p.CleanStart && r.lasts(time.Now()) {
		s = restore(ctx, ss.handler, r)
		s.takeOver(found.Parcels)
		s.restored = true
	} else {
		s = newSession(ss.handler, key)
		s.inLog = r != nil
	}
	s.journal.last = found.last
	if err := s.claims(wanted, w); err != nil {
		s.abandon(packet.SessionTakenOver, "")
		return nil, false, err
	}
	ss.add(s)
	return s, false, nil
}

// found is what there is of a session that is not here.
type found struct {
	record  *record // nil if there is none
	last    uint64  // where it is in the log
	Parcels []parcel
}

// find looks for a session in the log, and has the node that has it hand it over. It relies on what has been heard of the log if
// whoever asks will find out that this is not all.
func (ss *sessions) find(ctx context.Context, key sessionKey, clean, rely bool) (f found, err error) {
	h := ss.handler
	if h.config.Sessions == nil || rely && !ss.isStored(key) {
		return f, nil
	}
	reading, cancel := context.WithTimeout(ctx, restoreTimeout)
	defer cancel()
	if f.record, f.last, err = h.stored(reading, key.recordName()); err != nil {
		h.config.Log.Warn("a stored session can't be read", "edge", "mqtt", "client", key.client, "error", err)
		return f, &packet.Error{Code: packet.ServerUnavailable, Reason: "the session can't be found now; connect again later"}
	}
	if f.record == nil || f.record.Node == h.node {
		return f, nil
	}
	if given := ss.ask(ctx, f.record.Node, key, clean); given != nil {
		f = *given
	}
	return f, nil
}

// isStored tells whether a session is in the log, as far as has been heard.
func (ss *sessions) isStored(key sessionKey) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	_, is := ss.stored[key.recordName()]
	return is
}

// claims stores that the session is this node's, and what is published if its client is lost. Without a log, or when it can't be
// reached, it is this node's anyway.
func (s *mqttSession) claims(expiry time.Duration, w *will) error {
	s.mu.Lock()
	s.testament.stop()
	s.expiry, s.will, s.lostAt = expiry, w, time.Time{}
	s.mu.Unlock()
	if err := s.journal.await(); errors.Is(err, errSuperseded) {
		return err
	}
	return nil
}

// brief tells whether the session ends with its connection, or has been without one for too long: whoever takes over begins a new
// one.
func (s *mqttSession) brief() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.expiry == 0 || s.conn == nil && time.Since(s.lostAt) >= s.expiry
}

// forgive keeps a will from being published that has been put off only because the client might come back.
func (s *mqttSession) forgive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.putOff {
		s.will = nil
	}
}
