package signalr

import (
	"sync"
	"time"
)

// connections are those of this node that were negotiated, by the hash of their tokens.
type connections struct {
	mu    sync.Mutex // guards what follows
	all   map[tokenKey]*conn
	spent map[tokenKey]*time.Timer // of connections that are over, whose tickets would be good still
}

// enter adds a connection. It returns false if there is another with its ticket, or has been.
func (cs *connections) enter(c *conn) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.all[c.key] != nil || cs.spent[c.key] != nil {
		return false
	}
	if cs.all == nil {
		cs.all, cs.spent = make(map[tokenKey]*conn), make(map[tokenKey]*time.Timer)
	}
	cs.all[c.key] = c
	return true
}

// find returns a connection, or nil. It is over if there has been one.
func (cs *connections) find(key tokenKey) (c *conn, over bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.all[key], cs.spent[key] != nil
}

// leave notes that a connection is over, if it has been added.
func (cs *connections) leave(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.all[c.key] != c {
		return
	}
	delete(cs.all, c.key)
	if left := time.Until(c.until); left > 0 {
		cs.spent[c.key] = time.AfterFunc(left, func() {
			cs.mu.Lock()
			defer cs.mu.Unlock()
			delete(cs.spent, c.key)
		})
	}
}

// clear forgets all.
func (cs *connections) clear() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, t := range cs.spent {
		t.Stop()
	}
	cs.all, cs.spent = nil, nil
}
