// Package plan computes what a load needs: how many nodes, what they are busy with, and what gives first. It is a model: sums
// of costs that were measured on one node (costs.go says how), for the worst moment that a cluster is to bear, when one node is lost
// and its clients come to the others. docs/scaling.md explains it.
//
// Whatever grows in a [Load], a [Plan] for it has no fewer nodes, and its nodes together do not need less of anything.
package plan

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Load is what a cluster is to carry.
type Load struct {
	Connections float64       `json:"connections"`      // clients at a time
	Messages    float64       `json:"messages"`         // published in a second, in all channels together
	Fanout      float64       `json:"fanout"`           // clients that get each message, on average
	Bytes       float64       `json:"bytes"`            // payload of a message
	Kept        float64       `json:"kept"`             // share of the messages that are in channels with history, from 0 to 1
	Keep        time.Duration `json:"keep_nanoseconds"` // for which they are kept
	Back        time.Duration `json:"back_nanoseconds"` // in which the clients of a node that is lost are to be back
	Plain       bool          `json:"plain"`            // TLS ends before the nodes
}

// Check returns an error if a value makes no sense.
func (l Load) Check() error {
	for _, v := range []struct {
		name       string
		value, max float64
	}{
		{"connections", l.Connections, 1e9}, {"messages", l.Messages, 1e9}, {"fanout", l.Fanout, 1e9}, {"size", l.Bytes, 1 << 30}, {"kept", l.Kept, 1},
	} {
		if !(v.value >= 0 && v.value <= v.max) {
			return fmt.Errorf("%s is from 0 to %g, not %g", v.name, v.max, v.value)
		}
	}
	if l.Fanout > l.Connections {
		return fmt.Errorf("a message can't reach %g of %g clients", l.Fanout, l.Connections)
	}
	if l.Keep < 0 || l.Back < time.Second {
		return errors.New("messages are kept for no negative time, and clients take a second to be back at least")
	}
	return nil
}

// Machine is what a node has.
type Machine struct {
	Cores   float64 `json:"cores"`
	Memory  float64 `json:"memory"`  // bytes
	Network float64 `json:"network"` // bits in a second, each way
}

// Check returns an error if a value makes no sense.
func (m Machine) Check() error {
	if !(m.Cores > 0 && m.Memory > 0 && m.Network > 0) || math.IsInf(m.Cores+m.Memory+m.Network, 0) {
		return errors.New("a machine has cores, memory and a network")
	}
	return nil
}

// Plan is what a load needs.
type Plan struct {
	Load    Load    `json:"load"`
	Machine Machine `json:"machine"`

	// Nodes carry the load while one of them is lost. If even MostNodes can't, Enough is false, and the rest is about those.
	Nodes  int  `json:"nodes"`
	Enough bool `json:"enough"`

	// Logs is over how many rules with history the messages have to be spread at least: each rule has a log of its own.
	Logs int `json:"logs"`

	Cluster Need   `json:"cluster"` // of all nodes together, when none is lost
	Node    Need   `json:"node"`    // of the busiest, when one is lost
	Uses    []Use  `json:"uses"`    // what of a node's means that is, the scarcest first
	Work    []Work `json:"work"`    // what the processors of all do, the most first

	Handshakes float64 `json:"handshakes"` // a second that each node has to admit, for clients to be back in time
}

// Need is what nodes need.
type Need struct {
	Connections float64 `json:"connections"`
	Cores       float64 `json:"cores"`
	Memory      float64 `json:"memory"`      // bytes, with those of the kernel
	Out         float64 `json:"out"`         // bits in a second, to clients and other nodes
	In          float64 `json:"in"`          // likewise, from them
	Disk        float64 `json:"disk"`        // bytes
	DiskWrites  float64 `json:"disk_writes"` // bytes in a second
}

// Use is how much of something that a node has is needed.
type Use struct {
	Of    Resource `json:"of"`
	Share float64  `json:"share"` // of what may be used: at most 1, or there are too few nodes
}

// Resource is what can be scarce.
type Resource string

// What can be scarce.
const (
	Processors Resource = "processors"
	Memory     Resource = "memory"
	NetworkOut Resource = "network out"
	NetworkIn  Resource = "network in"
	Log        Resource = "log"
)

// Work is a part of what processors do.
type Work struct {
	Doing string  `json:"doing"`
	Cores float64 `json:"cores"`
}

// Make returns the plan with the fewest nodes, and the fewest logs for so many nodes. Load and machine have been checked.
func Make(l Load, m Machine) *Plan {
	for nodes := FewestNodes; ; nodes++ {
		for logs := 1; ; logs++ {
			p := &Plan{Load: l, Machine: m, Nodes: nodes, Logs: logs}
			p.reckon()
			if p.Enough || nodes == MostNodes && logs == MostLogs {
				return p
			}
			if logs == MostLogs {
				break
			}
		}
	}
}
