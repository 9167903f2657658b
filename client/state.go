package client

import (
	"context"
	"iter"
	"time"
)

// State is where a client's connection stands.
type State byte

// The states. A client that moves to another node is Ready all the while.
const (
	Connecting State = iota // a connection is being made
	Ready                   // connected
	Waiting                 // not connected; the next attempt is to come
	Closed                  // for good
)

// String returns the name in lower case.
func (s State) String() string {
	return [...]string{"connecting", "ready", "waiting", "closed"}[s]
}

// Change is a change of the state.
type Change struct {
	State    State
	Endpoint string // of the connection or the attempt

	// Transport is how messages travel, with Ready.
	Transport Transport

	// Err is why the state is Waiting or Closed.
	Err error
	// Attempt counts the attempts in a row, from 1; Wait is how long until the next one, with Waiting.
	Attempt int
	Wait    time.Duration

	// Resumed tells, with Ready, that the session goes on: the same identity and presence. Why tells
	// why it does not, if there was one: protocol.WhyUnknown or protocol.WhyExpired. Messages are
	// not lost either way.
	Resumed bool
	Why     string
}

// maxChanges is how many changes wait for a watcher before it loses the oldest.
const maxChanges = 64

// watcher is one iteration of States. Guarded by Client.mu.
type watcher struct {
	changes []Change
	wake    chan struct{}
}

// State returns the present state.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.change.State
}

// States yields the present state and then every change until ctx ends or the client is closed, which is
// the last one. Whoever is slow loses the oldest changes, not the newest.
func (c *Client) States(ctx context.Context) iter.Seq[Change] {
	return func(yield func(Change) bool) {
		w := &watcher{wake: make(chan struct{}, 1)}
		c.mu.Lock()
		w.changes = append(w.changes, c.change)
		c.watchers[w] = struct{}{}
		c.mu.Unlock()
		defer func() {
			c.mu.Lock()
			delete(c.watchers, w)
			c.mu.Unlock()
		}()
		for {
			c.mu.Lock()
			changes := w.changes
			w.changes = nil
			c.mu.Unlock()
			for _, change := range changes {
				if !yield(change) || change.State == Closed {
					return
				}
			}
			if len(changes) > 0 {
				continue
			}
			select {
			case <-w.wake:
			case <-ctx.Done():
				return
			}
		}
	}
}

// changed notes a change and tells the watchers. Lock held.
func (c *Client) changed(change Change) {
	c.change = change
	for w := range c.watchers {
		if len(w.changes) == maxChanges {
			w.changes = w.changes[1:]
		}
		w.changes = append(w.changes, change)
		signal(w.wake)
	}
}

// signal wakes whoever waits on a channel of one place, now or next.
func signal(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
