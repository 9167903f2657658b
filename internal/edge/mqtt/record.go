package mqtt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/websocket"
)

// record is a session as it is stored: what it takes to go on after a restart, or on another node. Messages are not in
// it, but their places in the logs.
type record struct {
	User     string        `json:"user,omitzero"`
	Client   string        `json:"client"`
	Node     string        `json:"node"`  // that has the session
	Claim    string        `json:"claim"` // of it: no two sessions write the same
	Source   string        `json:"source"`
	Expiry   time.Duration `json:"expiry,format:sec"`
	Left     time.Time     `json:"left,omitzero"` // when it lost its connection; zero while it has one
	LastID   uint16        `json:"last_id,omitzero"`
	Arrivals uint64        `json:"arrivals,omitzero"` // made so far

	Subscriptions []subscriptionRecord `json:"subscriptions,omitzero"`
	Flights       []flightRecord       `json:"flights,omitzero"`
	Arriving      map[uint16]string    `json:"arriving,omitzero"` // ids of publications with QoS 2, by packet identifier
	Will          *willRecord          `json:"will,omitzero"`
}

// subscriptionRecord is a subscription, and where its logs have been delivered up to.
type subscriptionRecord struct {
	packet.Subscription
	ID uint32            `json:"id,omitzero"`
	At []broker.Position `json:"at,omitzero"`
}

// flightRecord is a message that was sent with QoS 1 or 2 and is not acknowledged.
type flightRecord struct {
	ID       uint16       `json:"id"`
	Channel  channel.Name `json:"channel,omitzero"`
	Epoch    string       `json:"epoch,omitzero"`
	Offset   uint64       `json:"offset,omitzero"`
	QoS      byte         `json:"qos"`
	Retain   bool         `json:"retain,omitzero"`
	IDs      []uint32     `json:"ids,omitzero"`
	Released bool         `json:"released,omitzero"`
}

// MaxRecordBytes is more than a session takes as it is stored.
const MaxRecordBytes = 1 << 20

// recordName returns under which name a session is stored.
func (k sessionKey) recordName() channel.Name {
	sum := sha256.Sum256([]byte(k.user + "\x00" + k.client))
	return channel.Name(hex.EncodeToString(sum[:]))
}

// recordLocked returns the session as it is to be stored; nil if it is to be forgotten.
func (s *mqttSession) recordLocked() *record {
	w := s.willLocked()
	if s.over || s.expiry == 0 && w == nil {
		return nil
	}
	r := &record{User: s.key.user, Client: s.key.client, Node: s.handler.node, Claim: s.claim, Source: s.source, Expiry: s.expiry, Will: w}
	if s.conn == nil {
		r.Left = s.lostAt
	}
	if s.expiry == 0 {
		return r // of its session nothing is left when it is lost, but the will
	}
	r.LastID, r.Arrivals = s.window.lastID, s.arrived
	for _, sub := range s.subs {
		r.Subscriptions = append(r.Subscriptions, subscriptionRecord{sub.options, sub.id, s.reachedLocked(sub)})
	}
	for f := s.window.oldest; f != nil; f = f.after {
		one := flightRecord{ID: f.id, QoS: f.qos, Released: f.released}
		if m := f.message; m != nil && !f.released {
			if m.Offset == 0 {
				continue // it is in no log
			}
			one.Channel, one.Epoch, one.Offset = m.Channel, s.handler.channels.Epoch(m.Channel), m.Offset
			one.Retain, one.IDs = f.retain, f.ids
		}
		r.Flights = append(r.Flights, one)
	}
	for id, a := range s.arrivals {
		if a.id != "" {
			if r.Arriving == nil {
				r.Arriving = make(map[uint16]string)
			}
			r.Arriving[id] = a.id
		}
	}
	return r
}

// reachedLocked returns up to where a subscription has delivered: not what waits.
func (s *mqttSession) reachedLocked(sub *subscription) []broker.Position {
	at := append([]broker.Position(nil), sub.reached...)
	for _, d := range s.pending.queue[s.pending.head:] {
		if d.sub != sub || d.message.Offset == 0 {
			continue
		}
		epoch := s.handler.channels.Epoch(d.message.Channel)
		for i := range at {
			if at[i].Epoch == epoch {
				at[i].Offset = min(at[i].Offset, d.message.Offset-1)
			}
		}
	}
	return at
}

// reach notes that a subscription has delivered up to a message. Session's lock held.
func (sub *subscription) reach(m *broker.Message) {
	if m.Offset == 0 || sub.session.expiry == 0 {
		return
	}
	epoch := sub.session.handler.channels.Epoch(m.Channel)
	for i := range sub.reached {
		if sub.reached[i].Epoch == epoch {
			sub.reached[i].Offset = max(sub.reached[i].Offset, m.Offset)
			return
		}
	}
	sub.reached = append(sub.reached, broker.Position{Epoch: epoch, Offset: m.Offset})
}

// isKept tells whether the session is stored, or is to be.
func (s *mqttSession) isKept() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.inLog || s.expiry > 0 || s.willLocked() != nil
}

// store stores a session behind the record at the offset last, or that there is none any more if r is nil.
func (h *Handler) store(key sessionKey, r *record, last uint64, done func(broker.Ack, error)) {
	m := &broker.Message{Channel: key.recordName(), Type: websocket.Text, Time: time.Now()}
	if r != nil {
		var err error
		if m.Payload, err = json.Marshal(r); err != nil {
			done(broker.Ack{}, err)
			return
		}
	}
	// The last records are written when the handler has begun to close. It blocks only while very much is on its way.
	h.config.Sessions.AppendAfter(context.WithoutCancel(h.work), last, m, done)
}

// stored returns the newest record of a name, nil if there is no session any more, and its offset; 0 if there never was one.
func (h *Handler) stored(ctx context.Context, name channel.Name) (*record, uint64, error) {
	page, err := h.config.Sessions.Read(ctx, name.Pattern(), 0, 1)
	if err != nil || len(page.Messages) == 0 {
		return nil, 0, err
	}
	r, err := parseRecord(page.Messages[0])
	return r, page.Messages[0].Offset, err
}

// parseRecord reads a session; nil if there is none any more.
func parseRecord(m *broker.Message) (*record, error) {
	if len(m.Payload) == 0 {
		return nil, nil
	}
	r := new(record)
	if err := json.Unmarshal(m.Payload, r); err != nil {
		return nil, err
	}
	return r, nil
}

// lasts tells whether there is a session to come back to.
func (r *record) lasts(now time.Time) bool {
	return r.Expiry > 0 && (r.Left.IsZero() || now.Sub(r.Left) < r.Expiry)
}
