// Package members keeps account of the open connections of an edge, so that it can end them all and
// wait for them.
package members

import (
	"context"
	"sync"
)

// Member is one connection.
type Member interface {
	// GoAway closes the connection, saying why, and drops it when ctx ends. It is called at most once,
	// maybe before the handshake has been answered: then there is nothing to close, and the connection
	// finds out from Closing.
	GoAway(ctx context.Context, reason string)
}

// Set is the open connections of an edge. The zero value is ready. Its methods may be called from any
// goroutine.
type Set struct {
	running sync.WaitGroup // the goroutine of each member

	mu      sync.Mutex // guards what follows
	all     map[Member]struct{}
	closing bool
	reason  string // of closing
}

// Enter counts m in, unless the edge is closing.
func (s *Set) Enter(m Member) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	if s.all == nil {
		s.all = make(map[Member]struct{})
	}
	s.all[m] = struct{}{}
	s.running.Add(1)
	return true
}

// Leave counts m out.
func (s *Set) Leave(m Member) {
	s.mu.Lock()
	delete(s.all, m)
	s.mu.Unlock()
	s.running.Done()
}

// Close lets nobody in any more, has all members go away at the same time, and waits until they have
// left.
func (s *Set) Close(ctx context.Context, reason string) {
	s.mu.Lock()
	s.closing, s.reason = true, reason
	for m := range s.all {
		go m.GoAway(ctx, reason) // ends with the connection, which running waits for
	}
	s.mu.Unlock()
	s.running.Wait()
}

// Closing tells a member that has just got its connection whether Close has passed it by.
func (s *Set) Closing() (reason string, closing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason, s.closing
}
