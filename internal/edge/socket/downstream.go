package socket

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/holdfast-dev/holdfast/websocket"
)

// downstream holds the messages on their way to a client that fetches them with requests of HTTP: in order,
// bounded in bytes, and until it is known that they have arrived. It has no goroutine.
type downstream struct {
	most int // bytes, or one batch

	mu      sync.Mutex         // guards what follows
	waiting []*websocket.Frame // those that have not arrived, fetched or not
	arrived uint64             // how many have
	fetched uint64             // how many have been fetched
	bytes   int                // of waiting
	fetcher *fetcher           // who waits for more, or nil
	closing *farewell          // behind waiting; nothing more is taken
	gone    bool               // the connection is over
	empty   chan struct{}      // closed when nothing waits; nil if nobody wants to know
}

// farewell is why the server closes a connection.
type farewell struct {
	Code   websocket.CloseCode `json:"code"`
	Reason string              `json:"reason"`
}

func (f *farewell) Error() string { return fmt.Sprintf("closed with %v: %s", f.Code, f.Reason) }

// fetcher is a request that fetches messages.
type fetcher struct {
	news     chan struct{} // of one place: there may be something to fetch
	replaced chan struct{} // closed when another request fetches instead
}

// frameBytes is about what a message takes besides its payload, here and on its way.
const frameBytes = 16

// Send implements carrier.
func (d *downstream) Send(f *websocket.Frame) websocket.Result { return d.offer(f) }

// SendBatch implements carrier. The frames are shared with all others that they go to.
func (d *downstream) SendBatch(b *websocket.Batch) websocket.Result { return d.offer(b.Frames()...) }

func (d *downstream) offer(frames ...*websocket.Frame) websocket.Result {
	bytes := 0
	for _, f := range frames {
		bytes += len(f.Payload()) + frameBytes
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone || d.closing != nil {
		return websocket.Closed
	}
	if len(d.waiting) > 0 && d.bytes+bytes > d.most {
		return websocket.Dropped
	}
	result := websocket.Queued
	if len(d.waiting) == 0 && d.fetcher != nil {
		result = websocket.Sent // as good as: somebody does nothing but wait for it
	}
	d.waiting = append(d.waiting, frames...)
	d.bytes += bytes
	d.tellLocked()
	return result
}

// tellLocked wakes who fetches. Lock held.
func (d *downstream) tellLocked() {
	if d.fetcher == nil {
		return
	}
	select {
	case d.fetcher.news <- struct{}{}:
	default:
	}
}

// enter makes a new request the one that fetches, instead of any other.
func (d *downstream) enter() *fetcher {
	f := &fetcher{news: make(chan struct{}, 1), replaced: make(chan struct{})}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fetcher != nil {
		close(d.fetcher.replaced)
	}
	d.fetcher = f
	return f
}

// leave undoes enter.
func (d *downstream) leave(f *fetcher) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fetcher == f {
		d.fetcher = nil
	}
}

// attended tells whether a request waits for messages.
func (d *downstream) attended() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.fetcher != nil
}

// fetch returns messages that have not arrived, from the oldest on: of most bytes, or one. next is how many the client
// has got with them. If they are the last ones, behind says why the connection closes.
func (d *downstream) fetch(most int) (frames []*websocket.Frame, next uint64, behind *farewell) {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, bytes := 0, 0
	for n < len(d.waiting) {
		bytes += len(d.waiting[n].Payload()) + frameBytes
		if n > 0 && bytes > most {
			break
		}
		n++
	}
	frames = append(frames, d.waiting[:n]...)
	next = d.arrived + uint64(n)
	d.fetched = max(d.fetched, next)
	if n == len(d.waiting) {
		behind = d.closing
	}
	return frames, next, behind
}

var (
	errFetchedBefore = errors.New("what is asked for has arrived before: a later request has said so")
	errNotFetched    = errors.New("nothing has been sent behind which this could be")
)

// has lets go of the messages that have arrived: the client has got so many. The error is one of the two above.
func (d *downstream) has(count uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case count < d.arrived:
		return errFetchedBefore
	case count > d.fetched:
		return errNotFetched
	}
	n := int(count - d.arrived)
	for _, f := range d.waiting[:min(n, len(d.waiting))] { // none are left if the connection is over
		d.bytes -= len(f.Payload()) + frameBytes
	}
	d.waiting = d.waiting[min(n, len(d.waiting)):]
	d.arrived = count
	if len(d.waiting) == 0 {
		d.waiting = nil
		d.emptiedLocked()
	}
	return nil
}

func (d *downstream) emptiedLocked() {
	if d.empty != nil {
		close(d.empty)
		d.empty = nil
	}
}

// Flush implements carrier: it waits until everything has arrived.
func (d *downstream) Flush(ctx context.Context) error {
	d.mu.Lock()
	if d.gone {
		d.mu.Unlock()
		return errGone
	}
	if len(d.waiting) == 0 {
		d.mu.Unlock()
		return nil
	}
	if d.empty == nil {
		d.empty = make(chan struct{})
	}
	empty := d.empty
	d.mu.Unlock()
	select {
	case <-empty:
		return nil // or the connection is over, which the next call tells
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close takes nothing more, and lets the client know why.
func (d *downstream) close(why *farewell) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closing = why
	d.tellLocked()
}

// end throws away what waits.
func (d *downstream) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone, d.waiting, d.bytes = true, nil, 0
	d.emptiedLocked()
}
