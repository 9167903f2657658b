package plan

import (
	"cmp"
	"math"
	"slices"
)

// costs are those of one message, one client and so on, under a load.
type costs struct {
	deliver, open float64 // seconds of a core
	client        float64 // bytes of memory
	wire          float64 // bytes of a message to a client
	between       float64 // and between nodes
	onDisk        float64 // and there
	sent          float64 // messages to clients, in a second
	stored        float64 // messages to logs, in a second
}

func costsOf(l Load) costs {
	c := costs{
		deliver: deliverSeconds + l.Bytes*deliverByteSeconds,
		open:    openSeconds,
		client:  clientBytes + socketBytes + slowShare*queueBytes,
		sent:    l.Messages * l.Fanout,
		stored:  l.Messages * l.Kept,
		between: l.Bytes + busBytes,
		onDisk:  l.Bytes + storedBytes,
	}
	framed := l.Bytes + envelopeBytes + frameBytes
	if !l.Plain {
		c.deliver, c.open = deliverSecondsTLS+l.Bytes*deliverByteSecondsTLS, openSecondsTLS
		c.client += clientBytesTLS - clientBytes
		framed += math.Ceil(framed/recordPayload) * recordBytes
	}
	c.wire = framed + math.Ceil(framed/packetPayload)*packetBytes
	return c
}

// shares is which part of a cluster's work is done somewhere: by one of its nodes, or by all of them.
type shares struct {
	clients float64 // of the clients, and of what they are sent and publish
	leads   float64 // of the storing, as the leader of a log
	copies  float64 // and as one that has a copy; of all nodes, more than 1
	hears   float64 // of the messages: how often each is heard of
	coming  float64 // clients that come in a second
}

// together are the shares of all nodes, when none is lost.
func together(nodes int) shares {
	return shares{clients: 1, leads: 1, copies: Copies - 1, hears: float64(nodes - 1)}
}

// busiest are the shares of the node that leads the most logs, in the moment after another one is lost.
func busiest(l Load, nodes, logs int) shares {
	left := float64(nodes - 1)
	leads := math.Ceil(float64(logs)/left) / float64(logs)
	has := min(1, math.Ceil(float64(logs)*Copies/left)/float64(logs))
	return shares{clients: 1 / left, leads: leads, copies: has - leads, hears: 1, coming: l.Connections / float64(nodes) / left / l.Back.Seconds()}
}

// work returns what processors do, the most first.
func (c costs) work(l Load, s shares) []Work {
	all := []Work{
		{"send messages to clients", s.clients * c.sent * c.deliver},
		{"take messages in", s.clients * l.Messages * takeSeconds},
		{"store messages", s.leads * c.stored * storeSeconds},
		{"store copies for other nodes", s.copies * c.stored * copySeconds},
		{"hear of messages from other nodes", s.hears * (c.stored*hearSeconds + (l.Messages-c.stored)*hearLiveSeconds)},
		{"ping quiet clients", s.clients * l.Connections / pingInterval.Seconds() * pingSeconds},
		{"let clients of a lost node in", s.coming * c.open},
	}
	slices.SortStableFunc(all, func(a, b Work) int { return cmp.Compare(b.Cores, a.Cores) })
	return all
}

// need returns what is needed by so many nodes.
func (c costs) need(l Load, s shares, nodes float64) Need {
	n := Need{
		Connections: s.clients * l.Connections,
		Memory:      nodes*processBytes + s.clients*l.Connections*c.client,
		Disk:        (s.leads + s.copies) * c.stored * l.Keep.Seconds() * c.onDisk,
		DiskWrites:  (s.leads + s.copies) * c.stored * c.onDisk,
	}
	for _, w := range c.work(l, s) {
		n.Cores += w.Cores
	}
	return n
}

// reckon fills in the plan for its numbers of nodes and logs.
func (p *Plan) reckon() {
	c, l, all, one := costsOf(p.Load), p.Load, together(p.Nodes), busiest(p.Load, p.Nodes, p.Logs)
	p.Cluster, p.Node, p.Work = c.need(l, all, float64(p.Nodes)), c.need(l, one, 1), c.work(l, one)
	p.Handshakes = one.coming

	// To a client goes what it is sent, and from it what it publishes and the acknowledgements of TCP, one for two packets.
	out, in := c.sent*c.wire, l.Messages*c.wire+c.sent*packetBytes/2
	// A leader sends each message to those that have copies. What is stored, or taken in without being stored, goes to every node.
	others := float64(p.Nodes - 1)
	p.Cluster.Out = 8 * (out + (c.stored*(Copies-1)+l.Messages*others)*c.between)
	p.Cluster.In = 8 * (in + (c.stored*(Copies-1)+l.Messages*others)*c.between)
	p.Node.Out = 8 * (one.clients*out + (one.leads*c.stored*(Copies-1+others-1)+one.clients*(l.Messages-c.stored)*(others-1))*c.between)
	p.Node.In = 8 * (one.clients*in + (one.copies*c.stored+l.Messages)*c.between)

	p.Uses = []Use{
		{Processors, p.Node.Cores / (p.Machine.Cores * usableCores)},
		{Memory, p.Node.Memory / (p.Machine.Memory * usableMemory)},
		{NetworkOut, p.Node.Out / (p.Machine.Network * usableNetwork)},
		{NetworkIn, p.Node.In / (p.Machine.Network * usableNetwork)},
		{Log, c.stored / float64(p.Logs) / logMessages},
	}
	slices.SortStableFunc(p.Uses, func(a, b Use) int { return cmp.Compare(b.Share, a.Share) })
	p.Enough = p.Uses[0].Share <= 1
}
