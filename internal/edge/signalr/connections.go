package signalr

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// tokenKey is the hash of a connection's token: who knows that is the connection. What is looked up by it tells nothing by the time that it
// takes.
type tokenKey [sha256.Size]byte

func keyOf(token string) tokenKey { return sha256.Sum256([]byte(token)) }

const randomBytes = 16 // of an id or a token

func newID() string {
	b := make([]byte, randomBytes)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// place is what a client has negotiated, and the connection that it has made of it.
type place struct {
	hub        *Hub
	id         string // that everybody may know
	key        tokenKey
	reconnects bool
	unused     *time.Timer // takes it away if nobody comes; nil without a negotiation

	mu   sync.Mutex // guards what follows
	conn *conn      // nil until somebody comes
}

// connections are those of this node that have been negotiated, by the hash of their tokens.
type connections struct {
	mu  sync.Mutex // guards what follows
	all map[tokenKey]*place
}

// maxPlaces bounds what has been negotiated and not been used, together with what is.
const maxPlaces = 1 << 20

// add returns a new place, and the token that leads to it; nil if there are too many.
func (cs *connections) add(at *Hub, reconnects bool, unused time.Duration) (p *place, token string) {
	token = newID()
	p = &place{hub: at, id: newID(), key: keyOf(token), reconnects: reconnects}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if len(cs.all) >= maxPlaces {
		return nil, ""
	}
	if cs.all == nil {
		cs.all = make(map[tokenKey]*place)
	}
	cs.all[p.key] = p
	p.unused = time.AfterFunc(unused, func() {
		if p.current() == nil {
			cs.remove(p.key)
		}
	})
	return p, token
}

func (cs *connections) find(key tokenKey) *place {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.all[key]
}

func (cs *connections) remove(key tokenKey) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.all, key)
}

// clear forgets all.
func (cs *connections) clear() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, p := range cs.all {
		p.unused.Stop()
	}
	cs.all = nil
}

// current returns the connection, or nil if there is none yet.
func (p *place) current() *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conn
}

// take makes c the connection. It returns false if there is another.
func (p *place) take(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn != nil {
		return false
	}
	p.conn = c
	if p.unused != nil {
		p.unused.Stop()
	}
	return true
}
