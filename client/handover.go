package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

const (
	// betweenNodes is how long a message may take from one node to another: so long a handover waits for those that had been
	// given out at the new node before the client came, and have not arrived at the old one.
	betweenNodes = 300 * time.Millisecond
	// A handover is done without waiting any longer when so much is held back, or after so long: an old connection that has died
	// may not hold up the new one.
	mostHeld         = 8192
	mostHeldBytes    = 4 << 20 // of payloads
	handoverPatience = 2 * time.Second
)

// handover is a subscription that has been answered on a new connection while the old one still serves it. Messages
// without an offset tell nothing of their order on the two. So those of the new connection are held back until all that
// the old one was sent has come, which the answer to a ping tells after a moment: then what came on neither, or on both, is known by its
// id. Guarded by Client.mu.
type handover struct {
	s     *Subscription
	ping  uint64 // id of the command
	from  *link
	to    *link
	ok    *protocol.SubscribeOK
	held  []protocol.Push
	bytes int // of payloads that are held
}

// handOver begins it. Lock held.
func (s *Subscription) handOver(to *link, ok *protocol.SubscribeOK) {
	h := &handover{s: s, ping: s.c.number(), from: s.home, to: to, ok: ok}
	s.handover = h
	s.c.awaiting[h.ping] = h
	s.c.after(betweenNodes, func() {
		if s.handover == h {
			h.from.send(h.ping, &protocol.Ping{})
		}
	})
	s.c.after(handoverPatience, func() {
		if s.handover == h {
			h.finish(false)
		}
	})
}

// hold keeps a push of the new connection back. Lock held.
func (h *handover) hold(p protocol.Push) {
	if m, is := p.(*protocol.Message); is {
		h.bytes += len(m.Data)
	}
	if len(h.held) == mostHeld || h.bytes > mostHeldBytes {
		h.finish(false)
		h.s.c.pushed(h.to, p, false)
		return
	}
	h.held = append(h.held, p)
}

// replied ends it: all that the old connection had has come. See awaiter.
func (h *handover) replied(*link, *protocol.Reply) { h.finish(true) }

// finish goes on with the new connection alone. It is whole if nothing has been missed. Lock held.
func (h *handover) finish(whole bool) {
	s := h.s
	h.drop()
	s.accepted(h.to, h.ok, whole)
	for _, p := range h.held {
		// What has no id to know it by has come on the old connection as well.
		if m, is := p.(*protocol.Message); is && m.Offset == 0 && m.ID == "" {
			continue
		}
		s.c.pushed(h.to, p, false)
	}
	s.c.settled()
}

// drop forgets it: it is done, or the old connection goes on alone. Lock held.
func (h *handover) drop() {
	delete(h.s.c.awaiting, h.ping)
	h.s.handover = nil
}

// lost sees to the end of a connection. Lock held.
func (h *handover) lost(l *link) {
	switch l {
	case h.to:
		h.drop()
	case h.from:
		h.finish(false)
	}
}
