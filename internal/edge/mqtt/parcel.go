package mqtt

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// parcel is a message that no log has, on its way to the node that has its session now.
type parcel struct {
	Filter  string       `json:"filter"` // of the subscription that brings it
	Channel channel.Name `json:"channel"`
	Message []byte       `json:"message"`
	Time    time.Time    `json:"time"`
	QoS     byte         `json:"qos"`
	Retain  bool         `json:"retain,omitzero"`
	IDs     []uint32     `json:"ids,omitzero"`
	Sent    uint16       `json:"sent,omitzero"` // with this packet identifier
}

// parcelOf returns a delivery as a parcel; false if a log has the message.
func parcelOf(d *delivery, sent uint16) (parcel, bool) {
	m := d.message
	if m == nil || m.Offset > 0 || d.sub == nil || d.qos == 0 {
		return parcel{}, false
	}
	b, err := m.MarshalBinary()
	return parcel{d.sub.filter, m.Channel, b, m.Time, d.qos, d.retain, d.ids, sent}, err == nil
}

// parcelsLocked returns what no log has of what the client is to get.
func (s *mqttSession) parcelsLocked() (all []parcel) {
	for f := s.window.oldest; f != nil; f = f.after {
		if p, ok := parcelOf(&f.delivery, f.id); ok && !f.released {
			all = append(all, p)
		}
	}
	for i := range s.pending.queue[s.pending.head:] {
		if p, ok := parcelOf(&s.pending.queue[s.pending.head+i], 0); ok {
			all = append(all, p)
		}
	}
	return all
}

// takeOver goes on with parcels of the node that had the session.
func (s *mqttSession) takeOver(all []parcel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range all {
		m := &broker.Message{Channel: p.Channel, Time: p.Time}
		d := delivery{message: m, sub: s.subs[p.Filter], qos: p.QoS, retain: p.Retain, ids: p.IDs}
		switch err := m.UnmarshalBinary(p.Message); {
		case err != nil:
			s.handler.config.Log.Warn("another node hands over a message that can't be read", "edge", "mqtt", "client", s.key.client, "error", err)
		case p.Sent > 0 && s.window.byID[p.Sent] == nil:
			s.window.put(&flight{delivery: d, id: p.Sent})
		case d.sub != nil:
			s.pending.add(d)
		}
	}
}

const (
	handedFor   = 20 * time.Second // for which what is handed over waits to be fetched
	pieceBytes  = cluster.MaxBodyBytes / 2
	maxHanded   = 256 << 20 // bytes; beyond it, nothing more is handed over
	tokenLength = 8
)

// handed is what other nodes are to fetch of the sessions that they have got, by token.
type handed struct {
	mu    sync.Mutex // guards what follows
	all   map[string]*handout
	bytes int
}

type handout struct {
	to    string
	bytes []byte
	end   *time.Timer
}

// keep keeps bytes for a node, for a while, and returns the token by which it gets them; "" if there is too much already.
func (hs *handed) keep(to string, bytes []byte) string {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.bytes+len(bytes) > maxHanded {
		return ""
	}
	if hs.all == nil {
		hs.all = make(map[string]*handout)
	}
	token := rand.Text()[:tokenLength]
	hs.all[token] = &handout{to, bytes, time.AfterFunc(handedFor, func() { hs.drop(token) })}
	hs.bytes += len(bytes)
	return token
}

func (hs *handed) drop(token string) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if one := hs.all[token]; one != nil {
		one.end.Stop()
		hs.bytes -= len(one.bytes)
		delete(hs.all, token)
	}
}

func (hs *handed) clear() {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	for _, one := range hs.all {
		one.end.Stop()
	}
	hs.all, hs.bytes = nil, 0
}

// restQuestion asks for a piece of what is handed over.
type restQuestion struct {
	Token string `json:"token"`
	From  int    `json:"from"`
}

// rest answers it. With the last piece, what was kept is forgotten.
func (ss *sessions) rest(_ context.Context, from string, body []byte) ([]byte, error) {
	var q restQuestion
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	hs := &ss.handed
	hs.mu.Lock()
	one := hs.all[q.Token]
	hs.mu.Unlock()
	if one == nil || one.to != from || q.From < 0 || q.From >= len(one.bytes) {
		return nil, errors.New("there is nothing (any more) by this token")
	}
	piece := one.bytes[q.From:]
	if len(piece) > pieceBytes {
		return piece[:pieceBytes], nil
	}
	hs.drop(q.Token)
	return piece, nil
}

// fetch gets what a node hands over with a session.
func (ss *sessions) fetch(ctx context.Context, node string, r release) ([]parcel, error) {
	var all []byte
	for len(all) < r.Bytes {
		body, err := json.Marshal(restQuestion{r.Token, len(all)})
		if err != nil {
			return nil, err
		}
		piece, err := ss.handler.config.Cluster.Ask(ctx, node, topicRest, body)
		if err != nil {
			return nil, err
		}
		if len(piece) == 0 {
			return nil, errors.New("it hands over less than it has said")
		}
		all = append(all, piece...)
	}
	var parcels []parcel
	return parcels, json.Unmarshal(all, &parcels)
}
