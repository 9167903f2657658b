package mqtt

import (
	"context"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/websocket"
)

// out is the way of what must not be dropped to a client: all packets but messages. What the link does not take waits
// here, bounded because the connection deals with no packet while anything waits.
type out struct {
	link    link
	work    context.Context // ends with the connection
	running sync.WaitGroup  // drain

	mu      sync.Mutex // guards what follows
	over    bool
	waiting [][]byte
	drained chan struct{} // closed when nothing waits any more; nil if nothing does
}

// say sends packets, or has them wait. It does not block.
func (o *out) say(p []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over || len(o.waiting) == 0 && o.link.sendCopy(p) != websocket.Dropped {
		return
	}
	o.waiting = append(o.waiting, p)
	if o.drained == nil {
		o.drained = make(chan struct{})
		o.running.Go(o.drain)
	}
}

// drain sends what waits, as the client takes it.
func (o *out) drain() {
	for {
		err := o.link.flush(o.work)
		o.mu.Lock()
		if err != nil {
			o.waiting = nil // the client is gone
		}
		for len(o.waiting) > 0 && o.link.sendCopy(o.waiting[0]) != websocket.Dropped {
			o.waiting = o.waiting[1:]
		}
		if len(o.waiting) == 0 {
			o.waiting = nil
			close(o.drained)
			o.drained = nil
			o.mu.Unlock()
			return
		}
		o.mu.Unlock()
	}
}

// settle waits until nothing waits. It returns an error only when ctx ends.
func (o *out) settle(ctx context.Context) error {
	o.mu.Lock()
	drained := o.drained
	o.mu.Unlock()
	if drained == nil {
		return nil
	}
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the way when the connection and its work are over.
func (o *out) close() {
	o.mu.Lock()
	o.over = true
	o.mu.Unlock()
	o.running.Wait()
}

// reasonString returns the properties of a packet that says why, or nil.
func reasonString(reason string) *packet.Properties {
	if reason == "" {
		return nil
	}
	p := new(packet.Properties)
	p.SetText(packet.ReasonString, reason)
	return p
}

// goes runs work that ends with the connection, and returns false if that is over.
func (o *out) goes(work func()) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return false
	}
	o.running.Go(work)
	return true
}
