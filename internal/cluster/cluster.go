package cluster

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// MaxBodyBytes is what can be told, asked, answered, or put into a row at once, in every cluster. Where the largest message
// of the server is larger, so is this. What may be larger still is paged by who says it.
const MaxBodyBytes = 512 << 10

// Cluster is the nodes that this one knows, itself among them. Its methods may be called from any goroutine.
type Cluster struct {
	bus     bus    // nil if this node is alone
	id      string // of this node
	log     *slog.Logger
	connect func(ctx context.Context, purpose string) (bus, error)

	hearers   map[string]Hearer   // by topic; like what follows not changed after Start
	answerers map[string]Answerer // by topic
	tables    map[string]*Table   // by name
	flows     []*Flow
	watchers  []func(n Node, here bool)
	measure   func(*Node)

	counts    counters
	questions questions
	answering chan struct{} // has a place for each answer that may be made at the same time
	put       chan struct{} // filled when a table has changed

	work    context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup // what waits for work

	live    atomic.Bool // between Start and the goodbye
	beating sync.Mutex  // held while a heartbeat is made and sent, so that no later one is overtaken; taken first

	events sync.Mutex      // held while anybody is told of anything; taken before mu
	closed bool            // guarded by events
	silent map[string]bool // guarded by events: nodes that went without a goodbye

	mu    sync.Mutex // guards what follows
	self  Node
	peers map[string]*peer // by id; changed with events held, too
}

// Alone returns a cluster of one node.
func Alone(self Node) *Cluster { return newCluster(self, nil, slog.New(slog.DiscardHandler)) }

// New returns the cluster of all nodes that connect to the same NATS, on connections of its own. The error is that of
// connecting.
func New(ctx context.Context, self Node, connect Connect, log *slog.Logger) (*Cluster, error) {
	c := newCluster(self, nil, log)
	c.connect = func(ctx context.Context, purpose string) (bus, error) {
		return openBus(ctx, connect, purpose, &c.counts.dropped, log)
	}
	var err error
	c.bus, err = c.connect(ctx, "bus")
	return c, err
}

func newCluster(self Node, b bus, log *slog.Logger) *Cluster {
	c := &Cluster{
		bus:       b,
		id:        self.ID,
		log:       log,
		hearers:   make(map[string]Hearer),
		answerers: make(map[string]Answerer),
		tables:    make(map[string]*Table),
		questions: questions{open: make(map[uint64]chan frame)},
		answering: make(chan struct{}, maxAnswering),
		put:       make(chan struct{}, 1),
		silent:    make(map[string]bool),
		self:      self.clone(),
		peers:     make(map[string]*peer),
	}
	c.work, c.stop = context.WithCancel(context.Background())
	return c
}

// How long Start waits for others.
const (
	greetingTime = 250 * time.Millisecond // for them to answer
	fetchingTime = 5 * time.Second        // at most, for their tables
)

// Start makes this node known to the others, once everything is registered, and waits a moment for them: a quarter of a
// second, and until the tables of those that have answered are here, at most five seconds or as long as ctx. The error is
// that of the connection to them.
func (c *Cluster) Start(ctx context.Context) error {
	if c.bus == nil {
		return nil
	}
	for _, f := range c.flows { // first: a flow is used as soon as anybody is there
		if err := f.start(ctx); err != nil {
			return err
		}
	}
	for _, subject := range []string{subjectAll, subjectTo + c.id} {
		if err := c.bus.subscribe(subject, c.take); err != nil {
			return err
		}
	}
	c.live.Store(true)
	c.running.Go(c.beat)
	c.sayHere(subjectAll, true)

	ctx, cancel := context.WithTimeout(ctx, greetingTime+fetchingTime)
	defer cancel()
	if pause(ctx, greetingTime) == nil {
		c.awaitTables(ctx)
	}
	return nil
}

// Close says goodbye: the others drop this node and its rows at once. It waits for answers that are being made, and when it
// returns nobody is told of anything any more. Further calls do nothing, nor does anything that is told afterwards.
func (c *Cluster) Close() {
	c.events.Lock()
	closed := c.closed
	c.closed = true
	c.events.Unlock()
	if closed {
		return
	}
	c.stop()
	if c.bus == nil {
		return
	}
	c.running.Wait()
	c.beating.Lock()
	c.send(subjectAll, frame{kind: kindBye})
	c.live.Store(false)
	c.beating.Unlock()
	for _, f := range c.flows {
		if err := f.close(); err != nil {
			c.log.Warn("what was sent last to the other nodes may not have been sent", "error", err)
		}
	}
	if err := c.bus.close(); err != nil {
		c.log.Warn("the other nodes may not have heard this one say goodbye; they will miss it soon", "error", err)
	}
}

// Self returns what is told of this node.
func (c *Cluster) Self() Node {
	c.mu.Lock()
	n := c.self.clone()
	c.mu.Unlock()
	if c.measure != nil {
		c.measure(&n)
	}
	return n
}

// Update changes what is told of this node, and tells it at once. change must not call the cluster. It is for what
// changes seldom; Connections and Handshakes are for Measure.
func (c *Cluster) Update(change func(*Node)) {
	c.mu.Lock()
	change(&c.self)
	c.mu.Unlock()
	c.sayHere(subjectAll, false)
}

// Measure has f fill in the figures of this node, Connections and Handshakes, whenever they are told: with every
// heartbeat, once a second, and to who asks for Self or Nodes. It is called before Start. f must not block or call the
// cluster.
func (c *Cluster) Measure(f func(*Node)) { c.measure = f }

// Watch has f told of other nodes: those that come, here, that change what they tell of themselves, here too, but not of
// figures alone, and that go, not here. A node comes before its rows do, and goes behind them. It is called before Start.
//
// A node goes when it says goodbye or has been silent for five seconds. If it is heard again it comes anew.
func (c *Cluster) Watch(f func(n Node, here bool)) { c.watchers = append(c.watchers, f) }

// pause waits, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
