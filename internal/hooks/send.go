package hooks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// publisher publishes a message in a channel.
type publisher func(ctx context.Context, name channel.Name, payload []byte) error

const (
	maxBatchBytes   = 1 << 20   // of the events of a request, unless one is larger
	maxToldReply    = 4 << 10   // of the answer, which nobody reads
	buryAgainAfter  = 10        // times the first delay, when a dead letter could not be published
	buryFor         = time.Hour // then it is given up: it may be larger than its channel takes
	maxFailureBytes = 1 << 10   // of the reason in a dead letter
)

// parcel is what one request tells: the first events of some lanes, which are the sender's.
type parcel struct {
	lanes  []*lane
	counts []int // events of each
	events []*event
}

// add adds the first events of a lane, at most most.
func (p *parcel) add(l *lane, most, size int) int {
	n := 0
	for _, e := range l.events[:min(most, len(l.events))] {
		if len(p.events) > 0 && size+len(e.body) > maxBatchBytes {
			break
		}
		size += len(e.body)
		p.events = append(p.events, e)
		n++
	}
	if n > 0 {
		p.lanes, p.counts = append(p.lanes, l), append(p.counts, n)
	}
	return size
}

// gather makes a parcel of a lane's events, and where the hook takes batches of those of others too.
func (d *delivery) gather(first *lane) *parcel {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := new(parcel)
	if first.alone {
		p.add(first, 1, 0)
		return p
	}
	size := p.add(first, d.backend.Batch, 0)
	for len(d.ready) > 0 && len(p.events) < d.backend.Batch && size < maxBatchBytes {
		l, before := d.ready[0], len(p.lanes)
		if l.alone || len(l.events) == 0 {
			break
		}
		size = p.add(l, d.backend.Batch-len(p.events), size)
		if len(p.lanes) == before {
			break
		}
		d.pop()
	}
	return p
}

// send tells the backend, and puts the lanes where they belong then.
func (d *delivery) send(ctx context.Context, p *parcel) {
	pass, wait := d.backend.telling.enter()
	if wait > 0 {
		d.back(p)
		return
	}
	began := time.Now()
	err := d.backend.tell(ctx, p.events)
	how, counted := judge(ctx, err)
	if pass.end(how) {
		d.backend.log.Error("a hook has failed too often; it is told nothing for a while", "error", err)
	}
	d.backend.meter.done(tells, counted, time.Since(began))
	status, answered := errors.AsType[*StatusError](err)
	switch {
	case err == nil:
		d.backend.told.events.WithLabelValues(outcomeOK).Add(float64(len(p.events)))
		d.told(p)
	case answered && status.Status == http.StatusGone:
		d.backend.log.Error("a hook has answered 410 Gone, and is told nothing until Holdfast is started anew; events wait in the log meanwhile")
		d.mu.Lock()
		d.gone = true
		d.mu.Unlock()
		d.back(p)
	case ctx.Err() != nil:
		d.back(p)
	default:
		d.failed(ctx, p, err, pass.probe)
	}
	poke(d.poked)
}

// back makes the lanes ready again, as if nothing had been sent.
func (d *delivery) back(p *parcel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ready = append(append(make([]*lane, 0, len(p.lanes)+len(d.ready)), p.lanes...), d.ready...)
}

// told notes that the events are done with.
func (d *delivery) told(p *parcel) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, l := range p.lanes {
		for _, e := range l.events[:p.counts[i]] {
			d.grow(-1, -len(e.body))
		}
		l.took(p.counts[i])
		d.putDownLocked(l)
	}
}

// failed decides what happens after a request that failed. Of several events nobody knows which one it was, so
// they are sent alone next. One that is alone waits with its lane, and the longer the more often it has failed,
// unless the request was a probe: then the breaker does the waiting. While there is room, the events of the lane stay
// in memory: the log may not keep them for so long.
func (d *delivery) failed(ctx context.Context, p *parcel, err error, probe bool) {
	if len(p.events) > 1 {
		d.mu.Lock()
		for _, l := range p.lanes {
			l.alone = true
		}
		d.mu.Unlock()
		d.back(p)
		return
	}
	l, e := p.lanes[0], p.events[0]
	d.mu.Lock()
	l.failures++
	failures := l.failures
	d.mu.Unlock()
	var asked time.Duration
	if status, ok := errors.AsType[*StatusError](err); ok {
		asked = status.After
	}
	delay := retryDelay(d.backend.retry, failures, asked, rand.Float64())
	d.backend.lines.Do(func() {
		d.backend.log.Warn("an event could not be told to a hook", "id", e.id, "channel", l.channel, "tries", failures, "error", err)
	})
	switch {
	case time.Since(e.stored)+delay > d.backend.MaxAge:
		if d.bury(ctx, l, e, err) {
			d.told(p)
			return
		}
		delay = buryAgainAfter * d.backend.retry
	case probe:
		d.putDown(l)
		return
	}
	d.mu.Lock()
	d.fallBehind(l)
	if d.events > maxPendingEvents/2 || d.bytes > maxPendingBytes/2 {
		events, bytes := l.forget()
		d.grow(-events, -bytes)
	}
	d.mu.Unlock()
	d.wait(l, delay)
}

// deadLetter is what is published of an event that could not be told.
type deadLetter struct {
	Hook   string         `json:"hook"`
	Reason string         `json:"reason"` // why the last try failed
	Event  jsontext.Value `json:"event"`
}

// bury gives an event up, with a message where the hook's dead letters go. It returns false if that can't be
// published now and is to be tried again.
func (d *delivery) bury(ctx context.Context, l *lane, e *event, why error) bool {
	b := d.backend
	if err := d.publishLetter(ctx, e, why); err != nil {
		if time.Since(e.stored) < b.MaxAge+buryFor {
			b.lines.Do(func() {
				b.log.Error("a dead letter can't be published; it is tried again", "channel", b.DeadLetter, "error", err)
			})
			return false
		}
		b.log.Error("a dead letter can't be published, and is given up, too", "channel", b.DeadLetter, "error", err)
	}
	b.told.events.WithLabelValues(outcomeDead).Inc()
	b.log.Error("an event could not be told to a hook for too long, and is given up", "id", e.id, "channel", l.channel, "stored", e.stored, "error", why)
	return true
}

// publishLetter publishes an event that could not be told, if the hook says where.
func (d *delivery) publishLetter(ctx context.Context, e *event, why error) error {
	if d.backend.DeadLetter == "" {
		return nil
	}
	reason := why.Error()
	letter, err := json.Marshal(deadLetter{d.backend.Name, reason[:min(len(reason), maxFailureBytes)], e.body})
	if err != nil {
		return err
	}
	return d.publish(ctx, d.backend.DeadLetter, letter)
}

// tell sends events to the backend: one as it is, or a list of them.
func (b *backend) tell(ctx context.Context, events []*event) error {
	ctx, cancel := context.WithTimeoutCause(ctx, b.Timeout, errTimeout)
	defer cancel()
	id, contentType, body := events[0].id, contentOne, events[0].body
	if b.Batch > 1 {
		id, contentType, body = batchID(events), contentBatch, joined(events)
	}
	_, err := b.post(ctx, id, contentType, body, maxToldReply)
	if errors.Is(err, errReplyTooLong) {
		return nil // it has said yes, with many words
	}
	return err
}

// batchID returns the id of a request: the same for the same events.
func batchID(events []*event) string {
	h := sha256.New()
	for _, e := range events {
		h.Write([]byte(e.id)) // never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func joined(events []*event) []byte {
	bodies := make([][]byte, len(events))
	for i, e := range events {
		bodies[i] = e.body
	}
	return append(append([]byte{'['}, bytes.Join(bodies, []byte{','})...), ']')
}
