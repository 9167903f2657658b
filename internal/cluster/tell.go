package cluster

// Hearer takes what another node has told. It must not block, nor keep body.
type Hearer func(from string, body []byte)

// Hear has f take what other nodes tell of a topic. It is called before Start, once for each topic.
func (c *Cluster) Hear(topic string, f Hearer) { c.hearers[topic] = f }

// Tell tells all other nodes, at most once. What one node tells is heard in order, by each node. Who has fallen behind
// by megabytes misses some.
func (c *Cluster) Tell(topic string, body []byte) {}

// TellNode tells one node, as Tell does all. What is told to one and to all may be heard in another order. A node that
// tells itself is not heard.
func (c *Cluster) TellNode(node, topic string, body []byte) {}
