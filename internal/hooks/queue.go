package hooks

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// The bounds of what waits in memory until it is in the log. It is there for moments, unless the log can't
// be reached; what comes when it is full is dropped, and counted.
const (
	maxBufferedEvents = 8192
	maxBufferedBytes  = 16 << 20
	eventOverhead     = 256 // bytes that an event takes besides its payload

	maxStoring      = 256                    // events on their way to the log
	maxLooked       = 1024                   // of those that wait, to find them
	storeAgainAfter = 200 * time.Millisecond // when that failed
)

// The logs that the queue is: one for messages, one for all else. Their names are no patterns, so that no rule
// has them.
const (
	eventLogName   = "//hook-events"
	messageLogName = "//hook-messages"
)

// queue takes events from whoever has them, without making anybody wait, to the log.
type queue struct {
	log     *slog.Logger
	lines   rate.Sometimes
	dropped *prometheus.CounterVec

	mu      sync.Mutex
	waiting []*queued // guarded by mu
	bytes   int       // of them; guarded by mu
	more    chan struct{}

	events, messages *broker.Log // set by open, before run
}

// queued is an event that is not in the log yet.
type queued struct {
	*broker.Message
	isMessage bool // it belongs into the log of messages
}

func newQueue(log *slog.Logger, registry prometheus.Registerer) *queue {
	q := &queue{
		log: log, more: make(chan struct{}, 1), lines: rate.Sometimes{First: 1, Interval: time.Second},
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "holdfast_hook_events_dropped_total",
			Help: "Events that no hook will be told: the log could not be reached for too long (buffer_full), or does not take them (not_stored).",
		}, []string{"reason"}),
	}
	registry.MustRegister(q.dropped)
	return q
}

// open opens the logs. Events older than age are dropped from them, and the oldest when there are more than
// size bytes.
func (q *queue) open(ctx context.Context, b *broker.Broker, age time.Duration, size int64) (err error) {
	keep := broker.Retention{Age: age, Bytes: size / 2}
	if q.events, err = b.Log(ctx, eventLogName, keep); err != nil {
		return err
	}
	q.messages, err = b.Log(ctx, messageLogName, keep)
	return err
}

// put adds an event.
func (q *queue) put(e *Event) {
	m, err := e.queued()
	if err != nil {
		q.drop("not_stored", e.Kind, err)
		return
	}
	size := len(m.Payload) + eventOverhead
	q.mu.Lock()
	full := len(q.waiting) >= maxBufferedEvents || q.bytes+size > maxBufferedBytes && len(q.waiting) > 0
	if !full {
		q.waiting = append(q.waiting, &queued{m, e.Kind == Message})
		q.bytes += size
	}
	q.mu.Unlock()
	if full {
		q.drop("buffer_full", e.Kind, errors.New("too many wait to be stored"))
		return
	}
	poke(q.more)
}

// drop tells of an event that nobody will be told.
func (q *queue) drop(reason string, kind any, err error) {
	q.dropped.WithLabelValues(reason).Inc()
	q.lines.Do(func() {
		q.log.Error("an event is dropped before it was stored, so no hook will be told", "event", kind, "error", err)
	})
}

// run stores events until work ends, and then those that are left, until ctx ends.
func (q *queue) run(ctx, work context.Context) {
	for {
		round := q.take()
		if len(round) == 0 {
			select {
			case <-q.more:
				continue
			case <-work.Done():
				if q.empty() {
					return
				}
				continue
			}
		}
		again := q.store(ctx, round)
		if len(again) == 0 {
			continue
		}
		q.putBack(again)
		if !pause(ctx, storeAgainAfter) {
			q.giveUp()
			return
		}
	}
}

// lineKey is what keeps its order.
type lineKey struct {
	isMessage bool
	channel   channel.Name
}

// take takes what is to be stored next: of each channel one event, so that none overtakes another when one of
// them fails.
func (q *queue) take() (round []*queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	taken := make(map[lineKey]bool)
	rest := q.waiting[:0]
	for i, e := range q.waiting {
		if len(round) == maxStoring || i == maxLooked {
			rest = append(rest, q.waiting[i:]...)
			break
		}
		key := lineKey{e.isMessage, e.Channel}
		if taken[key] {
			rest = append(rest, e)
			continue
		}
		taken[key] = true
		round = append(round, e)
		q.bytes -= len(e.Payload) + eventOverhead
	}
	clear(q.waiting[len(rest):])
	q.waiting = rest
	return round
}

// store stores events side by side, and returns those to try again.
func (q *queue) store(ctx context.Context, round []*queued) (again []*queued) {
	var mu sync.Mutex
	var answers sync.WaitGroup
	failed := make(map[*queued]error)
	for _, e := range round {
		log := q.events
		if e.isMessage {
			log = q.messages
		}
		answers.Add(1)
		log.Append(ctx, e.Message, func(_ broker.Ack, err error) {
			defer answers.Done()
			if err != nil {
				mu.Lock()
				failed[e] = err
				mu.Unlock()
			}
		})
	}
	answers.Wait()
	for _, e := range round {
		switch err := failed[e]; {
		case err == nil:
		case errors.Is(err, broker.ErrUnavailable), errors.Is(err, broker.ErrFull):
			again = append(again, e)
			q.lines.Do(func() { q.log.Warn("events for hooks can't be stored now; it is tried again", "error", err) })
		default:
			q.drop("not_stored", "", err)
		}
	}
	return again
}

// putBack puts events in front of all others.
func (q *queue) putBack(again []*queued) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range again {
		q.bytes += len(e.Payload) + eventOverhead
	}
	q.waiting = append(again, q.waiting...)
}

func (q *queue) empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) == 0
}

// giveUp tells of what could not be stored when the server stopped.
func (q *queue) giveUp() {
	q.mu.Lock()
	n := len(q.waiting)
	q.waiting, q.bytes = nil, 0
	q.mu.Unlock()
	q.dropped.WithLabelValues("buffer_full").Add(float64(n))
	q.log.Error("events are dropped because they could not be stored before the end, so no hook will be told", "events", n)
}

// poke fills a channel that holds one signal.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
