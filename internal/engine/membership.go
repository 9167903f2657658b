package engine

import "github.com/nats-io/nats-server/v2/server"

// Membership is what this node knows of the cluster, without asking another.
type Membership struct {
	Leader    string // name of the node that leads; "" while there is none
	Connected int    // other nodes that this one has a connection to
	Known     int    // nodes that belong to it, as far as is known
	Needed    int    // of them, for anything to be agreed on
}

// metaGroup is what JetStream calls the group of all nodes.
const metaGroup = "_meta_"

// Membership looks at what the node knows. It costs some microseconds.
func (e *Engine) Membership() Membership {
	m := Membership{Connected: e.connected()}
	group, ok := e.meta()
	if !ok {
		return m
	}
	m.Needed, m.Known = group.QuorumNeeded, group.Size
	if m.Leader = group.Peers[group.Leader].Name; group.Leader == group.ID {
		m.Leader = e.server.Name()
	}
	return m
}

// meta returns the group of all nodes, as this one knows it. ok is false if it has not come together yet.
func (e *Engine) meta() (group server.RaftzGroup, ok bool) {
	groups := e.server.Raftz(&server.RaftzOptions{AccountFilter: server.DEFAULT_SYSTEM_ACCOUNT, GroupFilter: metaGroup})
	if groups == nil {
		return group, false
	}
	group, ok = (*groups)[server.DEFAULT_SYSTEM_ACCOUNT][metaGroup]
	return group, ok
}

// connected counts the nodes that this one has a connection to. There are several connections to each.
func (e *Engine) connected() int {
	return e.server.NumRemotes()
}
