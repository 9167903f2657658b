package mqtt

import (
	"container/list"
	"maps"
	"slices"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// sessionKey names a session. Clients of different users may have the same identifier: nobody takes over the session of
// somebody else.
type sessionKey struct{ user, client string }

// sessions are those of this node, by their keys.
type sessions struct {
	handler *Handler
	turns   turns
	handed  handed
	look    chan struct{} // of one place: there may be sessions whose node has gone

	mu     sync.Mutex                    // guards what follows
	stored map[channel.Name]storedRecord // all records in the log
	all    map[sessionKey]*mqttSession
	away   list.List // of *mqttSession, the one that has been away for longest in front
	at     map[*mqttSession]*list.Element
}

// storedRecord is what every node knows of a record.
type storedRecord struct {
	node   string // that has the session
	offset uint64
}

func newSessions(h *Handler) *sessions {
	return &sessions{
		handler: h,
		look:    make(chan struct{}, 1),
		stored:  make(map[channel.Name]storedRecord),
		all:     make(map[sessionKey]*mqttSession),
		at:      make(map[*mqttSession]*list.Element),
	}
}

// recall returns the session of a client that is here, or nil. It does not count as away any more.
func (ss *sessions) recall(key sessionKey) *mqttSession {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.all[key]
	if s != nil {
		ss.returnedLocked(s)
	}
	return s
}

// add adds a session, whose key's turn it is.
func (ss *sessions) add(s *mqttSession) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.all[s.key] = s
}

// giveUp forgets a session that is another's by now.
func (ss *sessions) giveUp(s *mqttSession) {
	ss.remove(s)
	s.abandon(packet.SessionTakenOver, "the client has come to another node")
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
		s.journal.settle()
		s.abandon(packet.ServerShuttingDown, "the server is shutting down")
	}
}
