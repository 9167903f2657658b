package mqtt

import (
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// silence ends a connection from which nothing comes for too long (MQTT 5, section 3.1.2.10). Its timer is not touched by
// what comes: it looks when it fires.
type silence struct {
	mu    sync.Mutex  // guards what follows
	timer *time.Timer // nil if any silence will do
	most  time.Duration
}

// hear notes a sign of life.
func (c *conn) hear() { c.heard.Store(time.Now().UnixNano()) }

// watch begins to wait for a time without anything; 0 is for ever. It ends what it waited for before.
func (c *conn) watch(most time.Duration) {
	s := &c.silence
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	if s.most = most; most > 0 {
		s.timer = time.AfterFunc(most, c.look)
	}
}

// look ends the connection if it has been silent for too long, and looks again later otherwise.
func (c *conn) look() {
	s := &c.silence
	s.mu.Lock()
	if s.timer == nil || c.over.Load() {
		s.mu.Unlock()
		return
	}
	silent := time.Since(time.Unix(0, c.heard.Load()))
	if left := s.most - silent; left > 0 {
		s.timer.Reset(left)
		s.mu.Unlock()
		return
	}
	s.timer = nil
	s.mu.Unlock()
	c.end(packet.KeepAliveTimeout, "nothing has come for "+silent.Round(time.Second).String())
	c.detach()
}
