package socket

import (
	"container/list"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/protocol"
)

const (
	// sessionLifetime is how long after its last connect a session can be resumed where it is not known, as on
	// another node.
	sessionLifetime = 24 * time.Hour
	// maxGone bounds the sessions without a connection that are remembered; beyond it, the one that has
	// been gone for longest can't be resumed any more.
	maxGone = 100_000
)

// sessions knows which sessions this node has: those with a connection, and those that have lost
// theirs less than the window ago. Of other nodes' sessions, and of those from before a restart, it
// goes by the secret alone.
type sessions struct {
	signer signer
	window time.Duration
	node   uint64 // this run of the server

	mu    sync.Mutex // guards what follows
	open  map[string]*conn
	gone  map[string]*list.Element // in order
	order list.List                // of departure, the first one in front
}

// departure is when a session lost its connection, or left for another node.
type departure struct {
	id string
	at time.Time
}

func newSessions(key []byte, window time.Duration) *sessions {
	return &sessions{
		signer: signer{key},
		window: window,
		node:   rand.Uint64(),
		open:   make(map[string]*conn),
		gone:   make(map[string]*list.Element),
	}
}

// enter gives c, which has an id, a session of its own.
func (s *sessions) enter(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[c.id] = c
}

// superseded tells that the session has a newer connection already. A client may have given up a
// connection whose commands are still on their way, and they must not take the session from the next.
const superseded = "superseded"

// resume gives c the session that a client comes back to, at its next turn, and returns who that is, and the connection
// that had it, or nil. If it can't, it returns why.
func (s *sessions) resume(c *conn, from *protocol.Session, now time.Time) (who *auth.Identity, old *conn, why string) {
	told, genuine := s.signer.verify(from.ID, from.Secret)
	if !genuine {
		return nil, nil, protocol.WhyUnknown
	}
	if end := told.who.Expires; !end.IsZero() && !now.Before(end) {
		return nil, nil, protocol.WhyExpired
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetLocked(now)
	old, away := s.open[told.id], s.gone[told.id]
	if old == nil && away == nil && (told.node == s.node || !now.Before(told.expires)) {
		return nil, nil, protocol.WhyExpired // it was here, and has been forgotten; or nobody knows how long it has been gone
	}
	if old != nil && old.number > c.number {
		return nil, nil, superseded
	}
	if away != nil {
		s.order.Remove(away)
		delete(s.gone, told.id)
	}
	c.id, c.turn = told.id, told.turn+1
	s.open[c.id] = c
	return told.who, old, ""
}

// leave notes that c is over. Unless another connection has taken over, the session can be resumed for a while.
func (s *sessions) leave(c *conn, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[c.id] == c {
		s.departLocked(c, now)
	}
}

// departLocked notes that the session of c has no connection here any more.
func (s *sessions) departLocked(c *conn, now time.Time) {
	delete(s.open, c.id)
	if c.resumable {
		s.gone[c.id] = s.order.PushBack(departure{c.id, now})
		s.forgetLocked(now)
	}
}

// forgetLocked drops the sessions that have been gone for longer than the window. Cost: nothing that
// grows with those that stay.
func (s *sessions) forgetLocked(now time.Time) {
	for e := s.order.Front(); e != nil; e = s.order.Front() {
		d := e.Value.(departure)
		if now.Sub(d.at) <= s.window && s.order.Len() <= maxGone {
			return
		}
		s.order.Remove(e)
		delete(s.gone, d.id)
	}
}

// secret returns what the client of c comes back with.
func (s *sessions) secret(c *conn, who *auth.Identity, now time.Time) string {
	return s.signer.sign(statement{id: c.id, who: who, turn: c.turn, node: s.node, issued: now, expires: now.Add(sessionLifetime)})
}
