package mqtt

import (
	"slices"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// delivery is a message on its way to a client, as its subscriptions want it.
type delivery struct {
	message *broker.Message
	sub     *subscription // that brings it
	qos     byte
	retain  bool     // the flag to send
	ids     []uint32 // subscription identifiers
	errand  errand   // of a share; zero for none
}

// maxPending bounds the messages that wait for a client, besides their bytes.
const maxPending = 10_000

// pending is what waits for a client that takes or acknowledges slowly, or is away. The session's lock guards it.
type pending struct {
	queue []delivery
	head  int // the next one
	bytes int
}

func (p *pending) empty() bool { return p.head == len(p.queue) }

// fits tells whether more may wait. An empty queue takes anything.
func (p *pending) fits(bytes, most int) bool {
	return p.empty() || p.bytes+bytes <= most && len(p.queue)-p.head < maxPending
}

func (p *pending) add(d delivery) {
	if p.head > len(p.queue)/2 && len(p.queue) == cap(p.queue) {
		n := copy(p.queue, p.queue[p.head:])
		clear(p.queue[n:])
		p.queue, p.head = p.queue[:n], 0
	}
	p.queue = append(p.queue, d)
	p.bytes += weight(d.message)
}

// first returns the next one. There is one.
func (p *pending) first() *delivery { return &p.queue[p.head] }

// pop takes the next one out.
func (p *pending) pop() {
	p.bytes -= weight(p.queue[p.head].message)
	p.queue[p.head] = delivery{}
	if p.head++; p.empty() {
		p.queue, p.head = nil, 0
	}
}

// dropQoS0 drops what need not wait for a client that is away.
func (p *pending) dropQoS0() {
	p.queue = slices.DeleteFunc(p.queue[p.head:], func(d delivery) bool { return d.qos == 0 })
	p.head, p.bytes = 0, 0
	for _, d := range p.queue {
		p.bytes += weight(d.message)
	}
}

// weight is about how much memory a message takes that waits.
func weight(m *broker.Message) int { return len(m.Payload) + len(m.Channel) + deliveryBytes }

const deliveryBytes = 64
