package mqtt

import (
	"context"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// acks are the answers to a client's publications, which leave in the order in which these came (MQTT 5, section 4.6).
type acks struct {
	conn *conn

	mu    sync.Mutex // guards what follows
	queue []*ack
	begun int           // publications with QoS 1 and 2 that have not ended
	room  chan struct{} // closed when there is room for another; nil while nobody waits for that
}

// ack is one answer.
type ack struct {
	packet.Ack
	given bool
}

// expect reserves the place of an answer to PUBLISH. It returns false if the client has begun too many.
func (a *acks) expect(t packet.Type, id uint16) (*ack, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.begun == receiveMaximum {
		return nil, false
	}
	a.begun++
	one := &ack{Ack: packet.Ack{Type: t, ID: id}}
	a.queue = append(a.queue, one)
	return one, true
}

// await waits until there is room, or returns false when ctx ends.
func (a *acks) await(ctx context.Context) bool {
	a.mu.Lock()
	if a.begun < receiveMaximum {
		a.mu.Unlock()
		return true
	}
	if a.room == nil {
		a.room = make(chan struct{})
	}
	room := a.room
	a.mu.Unlock()
	select {
	case <-room:
		return true
	case <-ctx.Done():
		return false
	}
}

// ended notes that a publication is over that was not when it was answered: PUBREL has come.
func (a *acks) ended() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.endLocked()
}

func (a *acks) endLocked() {
	a.begun--
	if a.room != nil {
		close(a.room)
		a.room = nil
	}
}

// give answers, and sends all answers that were waiting for this one.
func (a *acks) give(one *ack, code packet.Reason, reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one.given, one.Code = true, code
	if code.Refusal() && a.conn.problems {
		one.Properties = reasonString(reason)
	}
	var ready []byte
	n := 0
	for ; n < len(a.queue) && a.queue[n].given; n++ {
		next := a.queue[n]
		if next.Type == packet.TypePuback || next.Code.Refusal() {
			a.endLocked()
		}
		ready = next.Append(ready, a.conn.version)
		a.queue[n] = nil
	}
	if a.queue = a.queue[n:]; len(a.queue) == 0 {
		a.queue = nil
	}
	if len(ready) > 0 {
		a.conn.out.say(ready)
	}
}
