package cluster

import (
	"crypto/rand"
	"slices"
	"strings"
	"time"
)

// Node is what a node tells of itself.
type Node struct {
	ID        string    `json:"id"`                  // of this run, by NewID; the ids of its connections begin with it
	Name      string    `json:"name"`                // the operator's, the same after a restart
	Version   string    `json:"version"`             // of the program
	Started   time.Time `json:"started"`             //
	Endpoints []string  `json:"endpoints,omitempty"` // where clients reach it: base URLs such as "wss://a.example.com:8443"
	State     State     `json:"state"`

	Connections int     `json:"connections"` // of clients, now; see Cluster.Measure
	Handshakes  float64 `json:"handshakes"`  // of clients a second that it can admit now; 0 for as many as come
}

// State is how a node does, as it says itself.
type State string

// What a node says of itself. One that has gone says nothing: it is not among the Nodes.
const (
	Starting State = "starting"
	Ready    State = "ready"
	NotReady State = "not_ready" // it does not do what it should; see its /readyz
	Draining State = "draining"  // its clients move elsewhere, and then it stops
)

// idChars is the length of a node's id: 40 random bits.
const idChars = 8

// NewID returns an id for a run of a node.
func NewID() string { return strings.ToLower(rand.Text()[:idChars]) }

// clone returns a node that shares nothing with n.
func (n Node) clone() Node {
	n.Endpoints = slices.Clone(n.Endpoints)
	return n
}

// sameButFigures tells whether two nodes differ in figures at most: those change all the time.
func (n Node) sameButFigures(other Node) bool {
	return n.ID == other.ID && n.Name == other.Name && n.Version == other.Version && n.State == other.State &&
		n.Started.Equal(other.Started) && slices.Equal(n.Endpoints, other.Endpoints)
}
