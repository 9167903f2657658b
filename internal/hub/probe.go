package hub

// Probe takes p the way that publications to an ephemeral channel go, through the lock that all who subscribe and publish
// need, and a fan-out, to one subscriber. Nobody else sees it, whatever pattern they subscribe to, and nothing is counted.
// It is how a node finds out whether its hub is stuck: then Probe does not return.
func (h *Hub) Probe(p *Publication, to Subscriber) {
	h.mu.Lock()
	h.topics.match(nil, p.Messages[0].Channel)
	h.mu.Unlock()
	t := &topic{}
	t.add(&Subscription{hub: h, topic: t, subscriber: to})
	t.deliver(p, nil, 0)
}
