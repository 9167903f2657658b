package cluster

import "time"

// Hearer takes what another node has told. It must not block, nor keep body.
type Hearer func(from string, body []byte)

// Hear has f take what other nodes tell of a topic. It is called before Start, once for each topic.
func (c *Cluster) Hear(topic string, f Hearer) { c.hearers[topic] = f }

// Tell tells all other nodes, at most once. What one node tells is heard in order, by each node. Who has fallen behind
// by many megabytes misses some; what is too large for the bus is logged, and told to nobody.
func (c *Cluster) Tell(topic string, body []byte) {
	c.send(subjectAll, frame{kind: kindTell, topic: topic, body: body})
}

// TellNode tells one node, as Tell does all. What is told to one and to all may be heard in another order. A node that
// tells itself is not heard.
func (c *Cluster) TellNode(node, topic string, body []byte) {
	c.send(subjectTo+node, frame{kind: kindTell, topic: topic, body: body})
}

// send publishes a frame of this node, and tells whether it could.
func (c *Cluster) send(subject string, f frame) bool {
	if !c.live.Load() {
		return false
	}
	f.from = c.id
	b := f.append(make([]byte, 0, maxHeaderBytes+len(f.body)))
	if most := c.bus.maxBytes(); len(b) > most {
		c.log.Error("what is to be told to other nodes is too large", "topic", f.topic, "bytes", len(b), "most", most)
		return false
	}
	if err := c.bus.publish(subject, b); err != nil {
		c.counts.unsent.Add(1)
		return false
	}
	c.counts.sent.Add(1)
	c.counts.sentBytes.Add(int64(len(b)))
	return true
}

// take takes a frame from the bus.
func (c *Cluster) take(b []byte) {
	c.counts.taken.Add(1)
	c.counts.takenBytes.Add(int64(len(b)))
	f, err := parseFrame(b)
	if err != nil {
		c.unreadable(f, err)
		return
	}
	if f.from == c.id {
		return
	}
	if f.kind == kindAnswer {
		c.questions.answered(f)
		return
	}
	c.events.Lock()
	defer c.events.Unlock()
	if c.closed {
		return
	}
	if p := c.peer(f.from); p != nil {
		p.heard = time.Now()
	}
	c.takeLocked(f)
}

// takeLocked does what a frame asks for. events is held.
func (c *Cluster) takeLocked(f frame) {
	switch f.kind {
	case kindHere:
		c.hearHere(f)
	case kindBye:
		if p := c.peer(f.from); p != nil {
			c.leave(p, "it has said goodbye")
		}
	case kindTell:
		if hear := c.hearers[f.topic]; hear != nil {
			hear(f.from, f.body)
		}
	case kindAsk:
		c.answer(f)
	case kindRows:
		c.answerRows(f)
	case kindDelta:
		c.hearDelta(f)
	default:
		c.unreadable(f, errFrame)
	}
}

// unreadable counts what can't be read, and logs the first.
func (c *Cluster) unreadable(f frame, err error) {
	if c.counts.unreadable.Add(1) == 1 {
		c.log.Warn("another node says what can't be read; do all have the same minor version? Further ones are only counted",
			"from", f.from, "kind", string(rune(f.kind)), "error", err)
	}
}
