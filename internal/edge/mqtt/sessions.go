package mqtt

import (
	"container/list"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// sessionKey names a session. Clients of different users may have the same identifier: nobody takes over the session of
// somebody else.
type sessionKey struct{ user, client string }

// sessions are those of this node, by their keys.
type sessions struct {
	handler *Handler

	opened atomic.Bool // what is stored has been read

	mu     sync.Mutex                // guards what follows
	stored map[channel.Name]struct{} // records in the log
	all    map[sessionKey]*mqttSession
	away   list.List // of *mqttSession, the one that has been away for longest in front
	at     map[*mqttSession]*list.Element
}

func newSessions(h *Handler) *sessions {
	return &sessions{handler: h, stored: make(map[channel.Name]struct{}), all: make(map[sessionKey]*mqttSession), at: make(map[*mqttSession]*list.Element)}
}

// attach gives a connection the session that its client had, or a new one.
func (ss *sessions) attach(c *conn, p *packet.Connect, ok *packet.Connack) {
	key := sessionKey{c.client.Who().User, p.ClientID}
	for {
		s, old, present := ss.take(key, p.CleanStart)
		if old != nil {
			old.end()
		}
		if !present && old == nil {
			s, present = ss.replace(s, p.CleanStart)
		}
		ok.SessionPresent = present
		if s.attach(c, p, ok) {
			return
		}
	}
}

// take returns the session of a key, which is a new one if there was none, or if it is to be clean: then old is the one
// before.
func (ss *sessions) take(key sessionKey, clean bool) (s, old *mqttSession, present bool) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s = ss.all[key]
	if s != nil {
		ss.returnedLocked(s)
	}
	if s != nil && !clean && !s.ephemeral() {
		return s, nil, true
	}
	old, s = s, newSession(ss.handler, key)
	ss.all[key] = s
	return s, old, false
}

// replace puts what is stored of a session in the place of a new one. For a clean start, it is forgotten instead.
func (ss *sessions) replace(s *mqttSession, clean bool) (_ *mqttSession, present bool) {
	if clean {
		if ss.isStored(s.key) {
			s.mu.Lock()
			s.inLog = true // so that what is stored is replaced
			s.mu.Unlock()
		}
		return s, false
	}
	found := ss.find(s.key)
	if found == nil {
		return s, false
	}
	ss.mu.Lock()
	taken := ss.all[s.key] != s
	if !taken {
		ss.all[s.key] = found
	}
	ss.mu.Unlock()
	if taken { // by another connection of the client, meanwhile
		found.abandon(packet.SessionTakenOver, "")
		return s, false
	}
	return found, true
}

// left notes that a session has no connection any more. If there are too many such, the one that has been away for longest
// is ended.
func (ss *sessions) left(s *mqttSession) {
	var oldest *mqttSession
	ss.mu.Lock()
	if ss.all[s.key] == s && ss.at[s] == nil {
		ss.at[s] = ss.away.PushBack(s)
		if ss.away.Len() > ss.handler.config.MaxAway {
			oldest = ss.away.Front().Value.(*mqttSession)
			ss.removeLocked(oldest)
		}
	}
	ss.mu.Unlock()
	if oldest != nil {
		oldest.end()
	}
}

// remove forgets a session, and reports whether it was there.
func (ss *sessions) remove(s *mqttSession) bool {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.removeLocked(s)
}

func (ss *sessions) removeLocked(s *mqttSession) bool {
	if ss.all[s.key] != s {
		return false
	}
	delete(ss.all, s.key)
	ss.returnedLocked(s)
	return true
}

// returnedLocked notes that a session is not away.
func (ss *sessions) returnedLocked(s *mqttSession) {
	if e := ss.at[s]; e != nil {
		ss.away.Remove(e)
		delete(ss.at, s)
	}
}

// list returns all sessions.
func (ss *sessions) list() []*mqttSession {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return slices.Collect(maps.Values(ss.all))
}

// close ends all sessions.
func (ss *sessions) close() {
	ss.mu.Lock()
	all := ss.all
	ss.all = make(map[sessionKey]*mqttSession)
	ss.mu.Unlock()
	for _, s := range all {
		s.abandon(packet.ServerShuttingDown, "the server is shutting down")
	}
}
