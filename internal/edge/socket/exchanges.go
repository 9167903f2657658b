package socket

import (
	"crypto/sha256"
	"sync"
)

// exchangeKey is the hash of an id. What is looked up by it tells nothing by the time that it takes.
type exchangeKey [sha256.Size]byte

func keyOf(id string) exchangeKey { return sha256.Sum256([]byte(id)) }

// exchanges are the connections of this node that have no WebSocket.
type exchanges struct {
	mu  sync.Mutex // guards what follows
	all map[exchangeKey]*exchange
}

func (xs *exchanges) add(x *exchange) {
	xs.mu.Lock()
	defer xs.mu.Unlock()
	if xs.all == nil {
		xs.all = make(map[exchangeKey]*exchange)
	}
	xs.all[x.key] = x
}

func (xs *exchanges) remove(x *exchange) {
	xs.mu.Lock()
	defer xs.mu.Unlock()
	delete(xs.all, x.key)
}

// find returns the connection with an id, or nil.
func (xs *exchanges) find(id string) *exchange {
	key := keyOf(id)
	xs.mu.Lock()
	defer xs.mu.Unlock()
	return xs.all[key]
}
