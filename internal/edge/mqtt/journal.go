package mqtt

import (
	"sync"

	"github.com/holdfast-dev/holdfast/internal/session"
)

// writing counts the journals that write, until the handler closes.
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

// journal writes a session to its log: one record at a time, and with each all that has changed until then. What may only
// be done when a change is stored waits for that.
type journal struct {
	session *mqttSession

	mu      sync.Mutex // guards what follows; taken before that of the session
	writing bool
	dirty   bool          // something has changed since the record that is being written
	waiting []func(error) // for the next record
}

// commit stores the session as it is now, if it is one that is stored, and calls then. It is not called with the session's
// lock held; then is called without it too, in the order of commits, perhaps before commit returns.
func (j *journal) commit(then func(error)) {
	s := j.session
	if s.handler.config.Sessions == nil || !s.lasting() && !j.known() {
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
	waiting := j.waiting
	j.waiting, j.dirty = nil, false
	j.mu.Unlock()
	s := j.session
	s.mu.Lock()
	r := s.recordLocked()
	s.inLog = r != nil
	left := s.left
	s.mu.Unlock()
	if left {
		j.written(waiting, nil)
		return
	}
	s.handler.store(s.key, r, func(err error) {
		if err != nil {
			s.handler.config.Log.Warn("a session was not stored", "edge", "mqtt", "client", s.key.client, "error", err)
		}
		j.written(waiting, err)
	})
}

// written goes on when a record is stored, or is not.
func (j *journal) written(waiting []func(error), err error) {
	for _, then := range waiting {
		then(err)
	}
	j.mu.Lock()
	again := j.dirty
	j.writing = again
	j.mu.Unlock()
	if again {
		j.write()
	} else {
		j.session.handler.writing.end()
	}
}

// known tells whether the session is in the log.
func (j *journal) known() bool {
	j.session.mu.Lock()
	defer j.session.mu.Unlock()
	return j.session.inLog
}
