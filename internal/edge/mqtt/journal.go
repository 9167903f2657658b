package mqtt

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// writing counts the journals that write, and the wills that are published, until the handler closes.
type writing struct {
	journals sync.WaitGroup

	mu     sync.Mutex // guards closed
	closed bool
}

// begin returns false if nothing more is written.
func (w *writing) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.journals.Add(1)
	}
	return !w.closed
}

func (w *writing) end() { w.journals.Done() }

// close lets nobody begin any more, and waits for those that have.
func (w *writing) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.journals.Wait()
}

// errSuperseded says that the session is another's by now: a record stands in the log that this journal has not written.
var errSuperseded = errors.New("the session has been taken over elsewhere")

// journal writes a session to its log: one record at a time, and with each all that has changed until then. What may only
// be done when a change is stored waits for that. A record is stored only behind the one that the journal knows, so that of
// two nodes that have a session one learns that it has it no more, whatever it has missed.
type journal struct {
	session *mqttSession

	mu      sync.Mutex // guards what follows; taken before that of the session
	last    uint64     // the offset of the newest record; 0 if there is none
	writing bool
	dirty   bool          // something has changed since the record that is being written
	waiting []func(error) // for the next record
	closed  bool          // nothing more is written: the session is another's, or stays as it is
	idle    chan struct{} // closed when nothing is being written; nil if nobody waits for that
	written time.Time     // when a record was last
}

// commit stores the session as it is now, if it is one that is stored, and calls then. It is not called with the session's
// lock held; then is called without it too, in the order of commits, perhaps before commit returns.
func (j *journal) commit(then func(error)) {
	s := j.session
	if s.handler.config.Sessions == nil || !s.isKept() {
		then(nil)
		return
	}
	j.mu.Lock()
	j.dirty = true
	j.waiting = append(j.waiting, then)
	if j.writing {
		j.mu.Unlock()
		return
	}
	j.writing = true
	j.mu.Unlock()
	if s.handler.writing.begin() {
		j.write()
		return
	}
	j.mu.Lock()
	waiting := j.waiting
	j.waiting, j.writing = nil, false
	j.mu.Unlock()
	for _, then := range waiting {
		then(session.ErrClosing)
	}
}

// await is commit for who waits for it.
func (j *journal) await() error {
	stored := make(chan error, 1)
	j.commit(func(err error) { stored <- err })
	return <-stored
}

// write writes a record, and others until nothing has changed.
func (j *journal) write() {
	j.mu.Lock()
	waiting, last, closed := j.waiting, j.last, j.closed
	j.waiting, j.dirty = nil, false
	j.mu.Unlock()
	if closed {
		j.end(waiting, errSuperseded)
		return
	}
	s := j.session
	s.mu.Lock()
	r := s.recordLocked()
	s.inLog = r != nil
	s.mu.Unlock()
	s.handler.store(s.key, r, last, func(ack broker.Ack, err error) {
		switch {
		case err == nil:
			j.mu.Lock()
			j.last, j.written = ack.Offset, time.Now()
			j.mu.Unlock()
		case errors.Is(err, broker.ErrNotLast):
			go j.clash(waiting, last)
			return
		default:
			s.handler.config.Log.Warn("a session was not stored", "edge", "mqtt", "client", s.key.client, "error", err)
		}
		j.end(waiting, err)
	})
}

// clash finds out who has written the record that is not the one that was to be followed: another node, or this journal
// itself, which was not answered.
func (j *journal) clash(waiting []func(error), last uint64) {
	s := j.session
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.handler.work), restoreTimeout)
	defer cancel()
	r, offset, err := s.handler.stored(ctx, s.key.recordName())
	switch {
	case err == nil && offset > last && r != nil && r.Claim == s.claim:
		j.mu.Lock()
		j.last, j.dirty, j.waiting = offset, true, append(waiting, j.waiting...)
		j.mu.Unlock()
		j.write()
		return
	case err == nil && offset > last:
		err = errSuperseded
		j.mu.Lock()
		j.closed = true
		j.mu.Unlock()
		s.handler.sessions.giveUp(s)
	case err == nil:
		err = broker.ErrUnavailable // what was read is not the newest yet
	}
	j.end(waiting, err)
}

// end goes on when a record is stored, or is not.
func (j *journal) end(waiting []func(error), err error) {
	for _, then := range waiting {
		then(err)
	}
	j.mu.Lock()
	again := j.dirty
	j.writing = again
	if !again && j.idle != nil {
		close(j.idle)
		j.idle = nil
	}
	j.mu.Unlock()
	if again {
		j.write()
	} else {
		j.session.handler.writing.end()
	}
}

// close has nothing more written, waits for what is, and returns the offset of the newest record.
func (j *journal) close() uint64 {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.settle()
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// forbid has nothing more written.
func (j *journal) forbid() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.closed = true
}

// settle waits until nothing is being written, which it is for a few seconds at most.
func (j *journal) settle() {
	j.mu.Lock()
	if !j.writing {
		j.mu.Unlock()
		return
	}
	if j.idle == nil {
		j.idle = make(chan struct{})
	}
	idle := j.idle
	j.mu.Unlock()
	<-idle
}

// follows tells whether a record is newer than those that the journal knows.
func (j *journal) follows(offset uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.writing && offset > j.last
}

// isOld tells whether the record is to be written again, so that the log does not forget it.
func (j *journal) isOld(now time.Time) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last > 0 && !j.closed && now.Sub(j.written) > renewInterval
}
