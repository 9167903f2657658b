package session

import (
	"container/list"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// The bounds of what is held for one client.
const (
	maxHeld      = 1024 // messages
	maxHeldBytes = 1 << 20
)

// held is messages that wait, in order. If only the latest matter, there is one for each key of
// each channel, the newest.
type held struct {
	order list.List // of *broker.Message
	keys  map[heldKey]*list.Element
	bytes int // of the payloads
}

type heldKey struct {
	channel channel.Name
	key     string
}

// add holds m, and returns how many messages it had to drop for that, the oldest first. A replaced
// message does not count.
func (h *held) add(m *broker.Message, latest bool) (dropped int) {
	if latest {
		key := heldKey{m.Channel, m.Key}
		if old := h.keys[key]; old != nil {
			h.remove(old)
		}
		if h.keys == nil {
			h.keys = make(map[heldKey]*list.Element)
		}
		h.keys[key] = h.order.PushBack(m)
	} else {
		h.order.PushBack(m)
	}
	h.bytes += len(m.Payload)
	for h.order.Len() > maxHeld || h.bytes > maxHeldBytes && h.order.Len() > 1 {
		h.remove(h.order.Front())
		dropped++
	}
	return dropped
}

func (h *held) remove(e *list.Element) {
	m := h.order.Remove(e).(*broker.Message)
	h.bytes -= len(m.Payload)
	if key := (heldKey{m.Channel, m.Key}); h.keys[key] == e {
		delete(h.keys, key)
	}
}

func (h *held) clear() { *h = held{} }

// messages returns what is held, in order.
func (h *held) messages() []*broker.Message {
	all := make([]*broker.Message, 0, h.order.Len())
	for e := h.order.Front(); e != nil; e = e.Next() {
		all = append(all, e.Value.(*broker.Message))
	}
	return all
}
