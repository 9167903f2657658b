package session

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/hooks"
)

// maxGreetings bounds a generation of those that are remembered.
const maxGreetings = 4096

// greetings remembers what the backend has said to clients, so that it is not asked for each of their requests. It holds
// hashes of what they have shown.
type greetings struct {
	mu         sync.Mutex // guards what follows
	young, old map[greetingKey]remembered
}

type greetingKey [sha256.Size]byte

// remembered is a greeting that counts for a while.
type remembered struct {
	Greeting
	until time.Time
}

// keyOf returns the key of what a client shows, all of it.
func keyOf(r *hooks.ConnectRequest) greetingKey {
	h := sha256.New()
	fmt.Fprintf(h, "%q%q%q%q%q", r.Token, r.User, r.Info, r.Edge, r.Remote)
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		fmt.Fprintf(h, "%q%q", name, r.Headers[name])
	}
	return greetingKey(h.Sum(nil))
}

func (g *greetings) get(key greetingKey, now time.Time) (Greeting, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r, ok := g.young[key]
	if !ok {
		r, ok = g.old[key]
	}
	expires := r.until
	if ok && !r.Who.Expires.IsZero() && r.Who.Expires.Before(expires) {
		expires = r.Who.Expires
	}
	return r.Greeting, ok && now.Before(expires)
}

// put remembers a greeting. When there are too many, those of the generation before are forgotten.
func (g *greetings) put(key greetingKey, greeting Greeting, until time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.young) >= maxGreetings {
		g.young, g.old = nil, g.young
	}
	if g.young == nil {
		g.young = make(map[greetingKey]remembered)
	}
	g.young[key] = remembered{greeting, until}
}
