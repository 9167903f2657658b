package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// cache remembers tokens that were good, for clients that send theirs with every request: to check an ES256
// signature takes fifty times as long as to find it here. It holds hashes, and no tokens.
type cache struct {
	mu sync.Mutex // guards what follows
	// Two generations: what is in use moves from the old one into the new one. When that is full it becomes
	// the old one, and who has not been seen since the last time is forgotten.
	young, old map[[sha256.Size]byte]accepted
}

// accepted is what came of a token.
type accepted struct {
	id  *Identity
	key *Key // that has signed it; the entry counts as long as the key
}

// maxGeneration bounds the tokens of a generation; with its grants one takes a kilobyte or so.
const maxGeneration = 4096

func newCache() *cache {
	return &cache{young: make(map[[sha256.Size]byte]accepted)}
}

func (c *cache) get(sum [sha256.Size]byte, now time.Time) (accepted, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.young[sum]
	if !ok {
		if a, ok = c.old[sum]; ok {
			c.putLocked(sum, a)
		}
	}
	return a, ok && (a.id.Expires.IsZero() || now.Before(a.id.Expires))
}

func (c *cache) put(sum [sha256.Size]byte, a accepted) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.putLocked(sum, a)
}

func (c *cache) putLocked(sum [sha256.Size]byte, a accepted) {
	if len(c.young) >= maxGeneration {
		c.young, c.old = make(map[[sha256.Size]byte]accepted), c.young
	}
	c.young[sum] = a
}
