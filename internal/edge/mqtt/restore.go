package mqtt

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// restoreTimeout bounds how long it may take to find a session, and what is under way in it.
const restoreTimeout = 10 * time.Second

// open reads the sessions that are stored, and goes on following what other nodes do with theirs. A node that is alone takes
// over all of them, so that what is published until their clients come back is kept for them.
func (ss *sessions) open(ctx context.Context) error {
	h := ss.handler
	if h.config.Sessions == nil {
		return nil
	}
	first := make(map[channel.Name]*broker.Message)
	err := h.followLog(ctx, h.config.Sessions, func(m *broker.Message) {
		if ss.opened.Load() {
			ss.learn(m)
			return
		}
		first[m.Channel] = m
	})
	if err != nil {
		return err
	}
	for _, m := range first {
		ss.learn(m)
		r, err := parseStored(m, time.Now())
		if err != nil {
			h.config.Log.Warn("a stored session can't be read", "edge", "mqtt", "error", err)
		}
		if r != nil && h.config.Alone {
			s := restore(ctx, h, r)
			ss.all[s.key] = s
			ss.at[s] = ss.away.PushBack(s)
		}
	}
	ss.opened.Store(true)
	h.running.Go(ss.keepUp)
	return nil
}

// learn notes which sessions are stored, and gives up one that another node has taken over.
func (ss *sessions) learn(m *broker.Message) {
	ss.mu.Lock()
	if len(m.Payload) == 0 {
		delete(ss.stored, m.Channel)
	} else {
		ss.stored[m.Channel] = struct{}{}
	}
	ss.mu.Unlock()
	r, err := parseStored(m, time.Now())
	if err != nil || r == nil || r.Node == ss.handler.sourceName || !ss.opened.Load() {
		return
	}
	ss.mu.Lock()
	s := ss.all[sessionKey{r.User, r.Client}]
	if s != nil {
		ss.removeLocked(s)
	}
	ss.mu.Unlock()
	if s != nil {
		s.abandon(packet.SessionTakenOver, "the client has come to another node")
	}
}

// isStored tells whether a session is in the log.
func (ss *sessions) isStored(key sessionKey) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	_, is := ss.stored[key.recordName()]
	return is
}

// find returns a session that is stored and not here, or nil.
func (ss *sessions) find(key sessionKey) *mqttSession {
	if !ss.isStored(key) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ss.handler.work, restoreTimeout)
	defer cancel()
	r, err := ss.handler.stored(ctx, key)
	if err != nil {
		ss.handler.config.Log.Warn("a stored session can't be read", "edge", "mqtt", "client", key.client, "error", err)
	}
	if r == nil {
		return nil
	}
	return restore(ctx, ss.handler, r)
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
		for _, s := range ss.list() {
			if s.hasMoved() {
				s.journal.commit(func(error) {})
			}
		}
	}
}

// keepUpInterval is for how long a client may get messages with QoS 1 again when the server has been killed.
const keepUpInterval = 2 * time.Second

// restore makes a session of what is stored of it, without a connection.
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
	s.gone = time.AfterFunc(max(s.expiry-time.Since(s.lostAt), 0), s.expire)
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
