package hooks

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Config says which hooks there are.
type Config struct {
	Hooks      []Hook                // of several for the same question the first is asked
	QueueBytes int64                 // how much is kept of what hooks are still to be told, besides histories. Default: 256 MiB
	Registry   prometheus.Registerer // for metrics; nil for none
	Log        *slog.Logger          // nil for none

	timing timing // set by tests, which have less
}

// timing is what passes while others fail.
type timing struct {
	beat, hold, lease time.Duration // of a seat
	retry             time.Duration // before the first
	open              time.Duration // of a breaker, at first
}

var usualTiming = timing{beatInterval, holdTime, leaseTime, leastRetry, leastOpen}

const defaultQueueBytes = 256 << 20

// MinRecordBytes is what the broker of hooks that are told anything has to take at least as one message.
const MinRecordBytes = 512 << 10

// Hooks are all hooks of a node. Its methods may be called from any goroutine; on nil, nobody is asked and
// nobody told.
type Hooks struct {
	config     Config
	backends   []*backend
	transports transports
	queue      *queue // nil if nobody is told anything

	running sync.WaitGroup     // what Start began
	stop    context.CancelFunc // lets it end; nil before
	cancel  context.CancelFunc // ends it at once
}

// New checks the hooks. Questions can be asked from then on, and events be put on the queue, which are stored
// when Start is called. The error says which hook is wrong, and why.
func New(c Config) (*Hooks, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	if c.QueueBytes == 0 {
		c.QueueBytes = defaultQueueBytes
	}
	if c.timing == (timing{}) {
		c.timing = usualTiming
	}
	h := &Hooks{config: c, transports: make(transports)}
	m := newMetrics(c.Registry)
	seen := make(map[string]bool)
	for _, hook := range c.Hooks {
		if hook.Name == "" || seen[hook.Name] {
			return nil, errors.New("each hook needs a name of its own")
		}
		seen[hook.Name] = true
		b, err := newBackend(hook, h.transports, m, c.Log, c.timing)
		if err != nil {
			return nil, fmt.Errorf("the hook %q: %w", hook.Name, err)
		}
		h.backends = append(h.backends, b)
	}
	if h.NeedsBroker() {
		h.queue = newQueue(c.Log, c.Registry)
	}
	return h, nil
}

// Store is where events wait, and where they are from.
type Store struct {
	Broker    *broker.Broker
	Histories []*broker.Log // of channels with history, named by a pattern that has all of them
	// Publish publishes a dead letter. It may wait; when it returns nil, the message is as safe as others of its
	// channel.
	Publish func(ctx context.Context, name channel.Name, payload []byte) error
}

// Start begins to tell hooks what has happened. The context bounds the start. Without hooks that are told
// anything it does nothing. Call Close, also if it fails.
func (h *Hooks) Start(ctx context.Context, s Store) error {
	if h.queue == nil {
		return nil
	}
	var longest time.Duration
	for _, b := range h.backends {
		longest = max(longest, b.MaxAge)
	}
	if err := h.queue.open(ctx, s.Broker, longest, h.config.QueueBytes); err != nil {
		return err
	}
	seats, err := s.Broker.Log(ctx, seatLogName, broker.Retention{Count: 1, Age: seatRetention})
	if err != nil {
		return err
	}
	node := rand.Text()
	var tellers []*teller
	for _, b := range h.backends {
		if b.told == nil {
			continue
		}
		t := &teller{backend: b, publish: s.Publish, sources: sourcesOf(b, h.queue, s.Histories), seat: seat{
			log: seats, name: seatName(b.Name), node: node, shared: s.Broker.Shared(), timing: h.config.timing,
		}}
		if err := t.begin(ctx); err != nil {
			return fmt.Errorf("how far the hook %q has come can't be read or written: %w", b.Name, err)
		}
		tellers = append(tellers, t)
	}
	var all, work context.Context
	all, h.cancel = context.WithCancel(context.WithoutCancel(ctx))
	work, h.stop = context.WithCancel(all)
	h.running.Go(func() { h.queue.run(all, work) })
	for _, t := range tellers {
		h.running.Go(func() { t.run(all, work) })
	}
	return nil
}

// seatName returns the name under which a hook's seat is kept.
func seatName(hook string) channel.Name {
	sum := sha256.Sum256([]byte(hook))
	return channel.Name(hex.EncodeToString(sum[:]))
}

// Close stores the events that it has been given, lets requests that are under way end, and notes how far each
// hook has come; when ctx ends first, the rest is told again, or in the case of events that could not be stored,
// never. Call it when nobody asks or tells any more, and before the broker is closed.
func (h *Hooks) Close(ctx context.Context) {
	if h.stop != nil {
		h.stop()
		done := make(chan struct{})
		go func() {
			defer close(done)
			h.running.Wait()
		}()
		select {
		case <-done:
		case <-ctx.Done():
		}
		h.cancel()
		<-done
	}
	h.transports.close()
}

// NeedsBroker tells whether a hook is told of anything, which waits in a log of the broker.
func (h *Hooks) NeedsBroker() bool {
	return h != nil && slices.ContainsFunc(h.backends, func(b *backend) bool { return b.tells() })
}

// RecordBytes returns what the broker has to take as one message, when the largest that anybody publishes has so many
// bytes; 0 if hooks need no broker.
func (h *Hooks) RecordBytes(largest int64) int64 {
	switch {
	case !h.NeedsBroker():
		return 0
	case h.find(Message, "#") != nil:
		return min(max(largest, MinRecordBytes), broker.MostMessageBytes)
	}
	return MinRecordBytes
}

// Asks tells whether a hook would be asked about something in any channel that p selects; p is not looked at
// for connect and rpc. It allocates nothing.
func (h *Hooks) Asks(k Kind, p channel.Pattern) bool {
	return k.asked() && h.find(k, p) != nil
}

// Headers returns the names of the fields in a request's header that the hook for connect is shown.
func (h *Hooks) Headers() []string {
	if b := h.find(Connect, ""); b != nil {
		return b.Headers
	}
	return nil
}

// Tells tells whether a hook is told of something in a channel; the name is not looked at for disconnect. It
// allocates nothing.
func (h *Hooks) Tells(k Kind, name channel.Name) bool {
	return !k.asked() && h.find(k, name.Pattern()) != nil
}

// Tell puts an event on the queue, if a hook is told of such. It does not wait for anything. Messages are those
// of channels without history: the others are found in their logs.
func (h *Hooks) Tell(e Event) {
	if h.Tells(e.Kind, e.Channel) {
		h.queue.put(&e)
	}
}

// find returns the first hook that wants to know of something, or nil.
func (h *Hooks) find(k Kind, p channel.Pattern) *backend {
	if h == nil {
		return nil
	}
	for _, b := range h.backends {
		if b.wants(k, p) {
			return b
		}
	}
	return nil
}
