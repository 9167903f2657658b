package mqtt

import (
	"context"
	"fmt"
	"time"
	"unique"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// restoreTimeout bounds how long it may take to find a session, and what is under way in it.
const restoreTimeout = 10 * time.Second

// open reads which sessions are stored, and goes on following what all nodes do with theirs.
func (ss *sessions) open(ctx context.Context) error {
	if ss.handler.config.Sessions == nil {
		return nil
	}
	if err := ss.handler.followLog(ctx, ss.handler.config.Sessions, ss.learn); err != nil {
		return err
	}
	ss.handler.running.Go(ss.keepUp)
	return nil
}

// learn notes which sessions are stored, and gives up one that another node has taken over.
func (ss *sessions) learn(m *broker.Message) {
	r, err := parseRecord(m)
	if err != nil {
		ss.handler.config.Log.Warn("a stored session can't be read", "edge", "mqtt", "error", err)
		return
	}
	ss.mu.Lock()
	if m.Offset < ss.stored[m.Channel].offset {
		ss.mu.Unlock()
		return // the live feed is behind
	}
	if r == nil {
		delete(ss.stored, m.Channel)
		ss.mu.Unlock()
		return
	}
	ss.stored[m.Channel] = storedRecord{unique.Make(r.Node).Value(), m.Offset}
	s := ss.all[sessionKey{r.User, r.Client}]
	ss.mu.Unlock()
	if s != nil && r.Node != ss.handler.node && s.journal.follows(m.Offset) {
		ss.giveUp(s)
	}
}

// keepUp stores from time to time how far the sessions have come.
func (ss *sessions) keepUp() {
	tick := time.NewTicker(keepUpInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ss.handler.work.Done():
			return
		}
		now := time.Now()
		for _, s := range ss.list() {
			if s.hasMoved() || s.journal.isOld(now) {
				s.journal.commit(func(error) {})
			}
		}
	}
}

const (
	// keepUpInterval is for how long a client may get messages with QoS 1 again when the server has been killed.
	keepUpInterval = 2 * time.Second
	// renewInterval is after what time a record is written again that has not changed, and RecordAge when a log may forget it: a
	// session that nobody has lasts no longer.
	renewInterval = 4 * time.Hour
	RecordAge     = defaultMaxSessionExpiry + renewInterval
)

// restore makes a session of what is stored of it, without a connection. What is done if nobody comes for it is not begun.
func restore(ctx context.Context, h *Handler, r *record) *mqttSession {
	s := newSession(h, sessionKey{r.User, r.Client})
	s.source, s.expiry, s.arrived, s.inLog = r.Source, r.Expiry, r.Arrivals, true
	s.window.lastID = r.LastID
	for id, message := range r.Arriving {
		s.arrivals = setArrival(s.arrivals, id, &arrival{id: message})
	}
	for _, f := range r.Flights {
		if d, ok := h.recover(ctx, f); ok {
			s.window.put(&flight{delivery: d, id: f.ID, released: f.Released})
		}
	}
	for _, one := range r.Subscriptions {
		if err := s.resubscribe(one); err != nil {
			h.config.Log.Warn("a stored subscription is left out", "edge", "mqtt", "client", r.Client, "filter", one.Filter, "error", err)
		}
	}
	if s.lostAt = r.Left; s.lostAt.IsZero() {
		s.lostAt = time.Now() // the server was killed
	}
	var err error
	if s.will, err = r.Will.will(); err != nil {
		h.config.Log.Warn("a stored will can't be read", "edge", "mqtt", "client", r.Client, "error", err)
	}
	return s
}

// recover returns a message that was under way.
func (h *Handler) recover(ctx context.Context, f flightRecord) (delivery, bool) {
	d := delivery{qos: f.QoS, retain: f.Retain, ids: f.IDs}
	if f.Released {
		return d, true
	}
	at := broker.Position{Epoch: f.Epoch, Offset: f.Offset - 1}
	page, err := h.channels.History(ctx, f.Channel, session.Start{Since: []broker.Position{at}}, 1)
	if err != nil || len(page.Messages) == 0 || page.Messages[0].Offset != f.Offset {
		h.config.Log.Warn("a message that was under way is not kept any more", "edge", "mqtt", "channel", f.Channel, "offset", f.Offset, "error", err)
		return d, false
	}
	d.message = page.Messages[0]
	return d, true
}

// resubscribe goes on with a subscription that is stored.
func (s *mqttSession) resubscribe(one subscriptionRecord) error {
	sub, err := parseFilter(s, one.Subscription, one.ID)
	if err != nil {
		return err
	}
	if sub.share == nil {
		r := session.Request{Channels: sub.pattern, OnlyNew: true, CatchUp: true, Start: session.Start{Since: one.At}}
		if sub.flow, err = s.handler.channels.Open(r, sub); err != nil {
			return err
		}
		sub.reached = one.At
	}
	s.add(sub)
	if err := sub.begin(); err != nil {
		return fmt.Errorf("it can't begin: %w", err)
	}
	return nil
}
