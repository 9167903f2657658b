package cluster

import (
	"context"
	"log/slog"
	"sync"
)

// MaxBodyBytes is how much may be told, asked, answered, or put into a row at once. What may be larger is paged by who
// says it.
const MaxBodyBytes = 512 << 10

// Cluster is the nodes that this one knows, itself among them. Its methods may be called from any goroutine.
type Cluster struct {
	log *slog.Logger

	hearers   map[string]Hearer   // by topic; like what follows not changed after Start
	answerers map[string]Answerer // by topic
	tables    map[string]*Table   // by name
	watchers  []func(n Node, here bool)
	measure   func(*Node)

	mu   sync.Mutex // guards what follows
	self Node
}

// Alone returns a cluster of one node.
func Alone(self Node) *Cluster {
	return &Cluster{
		log:       slog.New(slog.DiscardHandler),
		hearers:   make(map[string]Hearer),
		answerers: make(map[string]Answerer),
		tables:    make(map[string]*Table),
		self:      self.clone(),
	}
}

// Start makes this node known to the others, once everything is registered, and waits a moment for them: about a quarter
// of a second, and until the tables of those that answered are here, at most as long as ctx. The error is that of the
// connection to them.
func (c *Cluster) Start(ctx context.Context) error { return nil }

// Close says goodbye: the others drop this node and its rows at once. It waits for answers that are being made. Further
// calls do nothing, nor does anything that is told afterwards.
func (c *Cluster) Close() {}

// Self returns what is told of this node.
func (c *Cluster) Self() Node {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.self.clone()
	if c.measure != nil {
		c.measure(&n)
	}
	return n
}

// Nodes returns those that are alive: this one first, the others by name.
func (c *Cluster) Nodes() []Node { return []Node{c.Self()} }

// Node returns one of the Nodes by its id.
func (c *Cluster) Node(id string) (n Node, alive bool) {
	for _, n := range c.Nodes() {
		if n.ID == id {
			return n, true
		}
	}
	return n, false
}

// Update changes what is told of this node, and tells it at once. change must not call the cluster. It is for what
// changes seldom; Connections and Handshakes are for Measure.
func (c *Cluster) Update(change func(*Node)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.self)
}

// Measure has f fill in the figures of this node, Connections and Handshakes, whenever they are told: with every
// heartbeat, once a second, and to who asks for Self or Nodes. It is called before Start. f must not block or call the
// cluster.
func (c *Cluster) Measure(f func(*Node)) { c.measure = f }

// Watch has f told of other nodes: those that come, here, that change what they tell of themselves, here too, but not of
// figures alone, and that go, not here. It is called before Start.
//
// A node goes when it says goodbye or has been silent for five seconds. If it is heard again it comes anew.
func (c *Cluster) Watch(f func(n Node, here bool)) { c.watchers = append(c.watchers, f) }
