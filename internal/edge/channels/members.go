package channels

import (
	"context"
	"sync"

	"github.com/holdfast-dev/holdfast/websocket"
)

// members are the open WebSockets. The zero value is ready.
type members struct {
	running sync.WaitGroup // the goroutine of each member

	mu      sync.Mutex // guards what follows
	all     map[*member]struct{}
	closing bool
	reason  string // of closing
}

// enter counts m in, unless the edge is closing.
func (ms *members) enter(m *member) bool {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if ms.closing {
		return false
	}
	if ms.all == nil {
		ms.all = make(map[*member]struct{})
	}
	ms.all[m] = struct{}{}
	ms.running.Add(1)
	return true
}

// leave counts m out.
func (ms *members) leave(m *member) {
	ms.mu.Lock()
	delete(ms.all, m)
	ms.mu.Unlock()
	ms.running.Done()
}

// close lets nobody in any more and closes all connections at the same time.
func (ms *members) close(ctx context.Context, reason string) {
	ms.mu.Lock()
	ms.closing, ms.reason = true, reason
	for m := range ms.all {
		go m.goAway(ctx, reason) // ends with the connection, which running waits for
	}
	ms.mu.Unlock()
	ms.running.Wait()
}

// mustGo tells a member that has just got its connection whether close has passed it by.
func (ms *members) mustGo() (reason string, closing bool) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	return ms.reason, ms.closing
}

// goAway closes the connection, if the handshake has been answered, and drops it when ctx ends. How
// it went is logged by the member's own goroutine.
func (m *member) goAway(ctx context.Context, reason string) {
	if c := m.conn.Load(); c != nil {
		c.Close(ctx, websocket.CloseGoingAway, reason)
	}
}
