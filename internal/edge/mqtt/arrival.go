package mqtt

import (
	"strconv"
	"sync"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// arrival is a publication with QoS 2 from its PUBLISH to its PUBREL. If its PUBLISH comes again, it is answered again and
// not published again (MQTT 5, section 4.3.3).
type arrival struct {
	by *conn  // that it came on; nil if it has been stored, and nobody knows what became of it
	id string // of the message, by which a repeat is dropped; "" if that is not stored

	mu      sync.Mutex // guards what follows
	settled bool
	code    packet.Reason
	reason  string
	waiting []func(code packet.Reason, reason string)
}

// settle says what became of it.
func (a *arrival) settle(code packet.Reason, reason string) {
	a.mu.Lock()
	a.settled, a.code, a.reason = true, code, reason
	waiting := a.waiting
	a.waiting = nil
	a.mu.Unlock()
	for _, tell := range waiting {
		tell(code, reason)
	}
}

// await calls tell when it is settled.
func (a *arrival) await(tell func(code packet.Reason, reason string)) {
	a.mu.Lock()
	settled := a.settled
	if !settled {
		a.waiting = append(a.waiting, tell)
	}
	a.mu.Unlock()
	if settled {
		tell(a.code, a.reason)
	}
}

// answerAgain answers a PUBLISH that has come before.
func (c *conn) answerAgain(a *arrival, id uint16) {
	a.await(func(code packet.Reason, reason string) {
		again := packet.Ack{Type: packet.TypePubrec, ID: id, Code: code}
		if code.Refusal() && c.problems {
			again.Properties = reasonString(reason)
		}
		c.out.say(again.Append(nil, c.version))
	})
}

// release ends a publication with QoS 2: PUBREL has come.
func (c *conn) release(id uint16) {
	done := packet.Ack{Type: packet.TypePubcomp, ID: id}
	switch a := c.session.forgetArrival(id); {
	case a == nil:
		done.Code = packet.PacketIDNotFound
	case a.by == c:
		c.acks.ended()
	}
	c.session.journal.commit(func(error) { c.out.say(done.Append(nil, c.version)) })
}

// arrivalOf returns the publication that a packet identifier stands for, or nil. On another connection than that it came on
// only a repeat says so (MQTT 5, section 3.3.1.1): else the client has forgotten it, and begins a new one.
func (s *mqttSession) arrivalOf(id uint16, c *conn, dup bool) *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.arrivals[id]
	if a != nil && a.by != c && !dup {
		delete(s.arrivals, id)
		return nil
	}
	return a
}

// arrives notes that a publication has come.
func (s *mqttSession) arrives(id uint16) *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &arrival{by: s.conn}
	s.arrivals = setArrival(s.arrivals, id, a)
	return a
}

func setArrival(all map[uint16]*arrival, id uint16, a *arrival) map[uint16]*arrival {
	if all == nil {
		all = make(map[uint16]*arrival)
	}
	all[id] = a
	return all
}

// identify gives a publication an id by which it is known after a restart, if the session lasts as long.
func (s *mqttSession) identify(a *arrival) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.id == "" && s.expiry > 0 {
		s.arrived++
		a.id = s.source + "-" + strconv.FormatUint(s.arrived, 36)
	}
	return a.id
}

// adopt returns a publication of which only the id is known, for c to publish once more: the log drops what it has.
func (s *mqttSession) adopt(a *arrival, c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.by != nil {
		return false
	}
	a.by = c
	return true
}

// forgetArrival ends a publication, and returns it.
func (s *mqttSession) forgetArrival(id uint16) *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.arrivals[id]
	delete(s.arrivals, id)
	return a
}
