package websocket

import (
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/outbox"
)

// maxHold is how long answers wait for the rest of the messages that came with the first.
const maxHold = time.Millisecond

// hold keeps the outbox from writing while messages that came together are handled. It is owned by
// whoever reads.
type hold struct {
	since time.Time // zero while the outbox is not held
}

// next is called before a message is handled; more tells that bytes of another one are at hand.
func (h *hold) next(o *outbox.Outbox, more bool) {
	switch {
	case !h.since.IsZero():
		if time.Since(h.since) > maxHold {
			h.end(o)
		}
	case more:
		h.since = time.Now()
		o.Hold()
	}
}

// end lets the outbox write what has gathered.
func (h *hold) end(o *outbox.Outbox) {
	if !h.since.IsZero() {
		h.since = time.Time{}
		o.Release()
	}
}
