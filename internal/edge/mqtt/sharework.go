package mqtt

import (
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// errand names a message that a member of a share has been given: by which node, and as which of its group's.
type errand struct {
	leader string
	tag    uint64
}

// work is what the members of a group on this node have been given and not acknowledged, and what is not told to the leader
// yet. Its lock is taken behind all others, but cluster's.
type work struct {
	group *group

	mu       sync.Mutex // guards what follows
	held     map[errand]*broker.Message
	returned map[errand]*broker.Message // for others: their member has ended
	timer    *time.Timer
	stopped  bool
}

const (
	// workInterval is how often it is looked what has been acknowledged, while there is anything; less often where that takes more than
	// a workShare of the time.
	workInterval = 50 * time.Millisecond
	workShare    = 20
)

func (w *work) hold(e errand, m *broker.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.held == nil {
		w.held = make(map[errand]*broker.Message)
	}
	w.held[e] = m
	if w.timer == nil && !w.stopped {
		w.timer = time.AfterFunc(workInterval, func() { w.group.handler.goes(w.look) })
	}
}

// drop undoes hold.
func (w *work) drop(e errand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, e)
}

// giveBack has a message go to another member. Its session's lock is held.
func (w *work) giveBack(e errand) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.held[e]; m != nil {
		delete(w.held, e)
		if w.returned == nil {
			w.returned = make(map[errand]*broker.Message)
		}
		w.returned[e] = m
	}
}

// stop ends the looking.
func (w *work) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	if w.timer != nil {
		w.timer.Stop()
	}
}

// look finds out what has been acknowledged: what no member's session has under way any more. Cost: a look at each message that
// is under way.
func (w *work) look() {
	began := time.Now()
	w.mu.Lock()
	before := make(map[errand]bool, len(w.held))
	for e := range w.held {
		before[e] = true
	}
	w.mu.Unlock()
	for _, sub := range w.group.list() {
		sub.session.underWay(before)
	}
	var done []errand
	w.mu.Lock()
	for e := range before { // that nobody has any more
		if w.held[e] != nil {
			delete(w.held, e)
			done = append(done, e)
		}
	}
	returned := w.returned
	w.returned = nil
	if w.timer != nil {
		w.timer.Stop()
	}
	if w.timer = nil; len(w.held) > 0 && !w.stopped {
		w.timer = time.AfterFunc(max(workInterval, workShare*time.Since(began)), func() { w.group.handler.goes(w.look) })
	}
	w.mu.Unlock()
	w.group.report(done, returned)
}

// underWay takes what the session has under way out of a set.
func (s *mqttSession) underWay(from map[errand]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := s.window.oldest; f != nil; f = f.after {
		delete(from, f.errand)
	}
	for i := range s.pending.queue[s.pending.head:] {
		delete(from, s.pending.queue[s.pending.head+i].errand)
	}
}
