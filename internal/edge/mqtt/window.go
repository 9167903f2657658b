package mqtt

import (
	"encoding/binary"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// maxWindow bounds the messages with QoS 1 and 2 that are under way to one client, whatever it says it can take.
const maxWindow = 1024

// window is the messages that have been sent with QoS 1 and 2 and are not acknowledged (MQTT 5, section 4.9). The session's
// lock guards it.
type window struct {
	most   int // that may be under way on the connection
	byID   map[uint16]*flight
	oldest *flight // a list in the order of sending
	newest *flight
	lastID uint16
	again  *flight // the next one to be sent again, since the connection is new; nil if none is
}

// flight is one of them.
type flight struct {
	delivery
	id       uint16
	released bool // PUBREC has come: only PUBREL is due (QoS 2)

	before, after *flight
}

// open prepares for a new connection: everything is to be sent again (MQTT 5, section 4.4).
func (w *window) open(c *conn, p *packet.Connect) {
	w.most = maxWindow
	if n := int(p.Properties.Number(packet.ReceiveMaximum)); n > 0 {
		w.most = min(w.most, n)
	}
	w.again = w.oldest
	c.maxPacket = int(p.Properties.Number(packet.MaximumPacketSize))
	c.outAliases.most = int(min(p.Properties.Number(packet.TopicAliasMaximum), maxOutAliases))
}

// full tells whether no more may be sent.
func (w *window) full() bool { return len(w.byID) >= w.most }

// begin takes a message that is about to be sent. The window is not full.
func (w *window) begin(d delivery) *flight {
	for w.lastID++; w.lastID == 0 || w.byID[w.lastID] != nil; w.lastID++ {
	}
	f := &flight{delivery: d, id: w.lastID}
	w.put(f)
	return f
}

// put adds a message as the newest.
func (w *window) put(f *flight) {
	if w.byID == nil {
		w.byID = make(map[uint16]*flight)
	}
	f.before = w.newest
	if w.newest != nil {
		w.newest.after = f
	} else {
		w.oldest = f
	}
	w.newest = f
	w.byID[f.id] = f
}

// end takes a message out, and returns false if it is not under way.
func (w *window) end(id uint16) bool {
	f := w.byID[id]
	if f == nil {
		return false
	}
	delete(w.byID, id)
	if f.before != nil {
		f.before.after = f.after
	} else {
		w.oldest = f.after
	}
	if f.after != nil {
		f.after.before = f.before
	} else {
		w.newest = f.before
	}
	if w.again == f {
		w.again = f.after
	}
	return true
}

// acknowledged deals with what a client says of a message that was sent to it, or of one that it sends itself.
func (c *conn) acknowledged(a *packet.Ack) {
	if a.Type == packet.TypePubrel {
		c.release(a.ID)
		return
	}
	s := c.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c {
		return
	}
	s.moved = true
	if a.Type == packet.TypePubrec {
		s.receivedLocked(c, a)
	} else {
		s.window.end(a.ID)
	}
	s.drainLocked()
}

// receivedLocked deals with PUBREC.
func (s *mqttSession) receivedLocked(c *conn, a *packet.Ack) {
	f := s.window.byID[a.ID]
	switch {
	case a.Code.Refusal():
		s.window.end(a.ID)
	case f == nil:
		c.out.say((&packet.Ack{Type: packet.TypePubrel, ID: a.ID, Code: packet.PacketIDNotFound}).Append(nil, c.version))
	default:
		s.releaseLocked(c, f)
	}
}

// pubrel returns PUBREL that says that all is well, which is the same in all versions.
func pubrel(id uint16) []byte {
	return binary.BigEndian.AppendUint16([]byte{byte(packet.TypePubrel)<<4 | 2, 2}, id)
}

// undo takes out the message that was taken last, whose identifier nobody has seen.
func (w *window) undo(f *flight) {
	w.end(f.id)
	w.lastID = f.id - 1
}
