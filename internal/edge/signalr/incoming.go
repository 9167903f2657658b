package signalr

import (
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
)

// incoming counts the tracked messages of a client that may reconnect, so that none is taken twice. It belongs to whoever reads.
type incoming struct {
	counts  bool   // stateful reconnect has been agreed on
	taken   uint64 // tracked messages that have been taken
	next    uint64 // the number of the next one that comes, from 1
	waiting bool   // on a new link: until the client says where it goes on, nothing counts
	unacked int    // bytes that have been taken since the last Ack
}

// restart expects the client to say where it goes on.
func (n *incoming) restart() { n.waiting = n.counts }

// take tells whether a message is to be run. The error is a fault of the client.
func (n *incoming) take(m hubproto.Message) (run bool, err error) {
	if !n.counts {
		return true, nil
	}
	if at, ok := m.(*hubproto.Sequence); ok {
		if at.Sequence == 0 || at.Sequence > n.taken+1 {
			return false, fmt.Errorf("the sequence goes on with %d, and %d messages have come", at.Sequence, n.taken)
		}
		n.next, n.waiting = at.Sequence, false
		return false, nil
	}
	switch {
	case n.waiting:
		if m.Tracked() {
			return false, errors.New("a message came before the sequence that has to be the first on a new connection")
		}
		return true, nil
	case !m.Tracked():
		return true, nil
	}
	number := n.next
	n.next++
	if number <= n.taken {
		return false, nil // it is a repeat
	}
	n.taken = number
	return true, nil
}
