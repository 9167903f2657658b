package session

import (
	"sync"

	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// paces limit how much is published to each channel whose rule has a rate, by all clients of the node. A
// channel is remembered until its bucket is full again, so there are about as many as were published to in
// that time.
type paces struct {
	mu  sync.Mutex // guards what follows
	all parties[channel.Name]
}

func newPaces() *paces {
	return &paces{all: parties[channel.Name]{all: make(map[channel.Name]*party)}}
}

// of returns the bucket of a channel.
func (p *paces) of(rule *policy.Rule, name channel.Name) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.get(name, func() *party { return &party{messages: bucket(rule.Rate)} }).messages
}
