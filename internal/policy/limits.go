package policy

import "time"

// Rate is how much may happen in the long run, and how much at once. The zero value is no limit.
type Rate struct {
	PerSecond float64
	Burst     int // at least 1 if there is a limit
}

// Limited tells whether there is a limit.
func (r Rate) Limited() bool { return r.PerSecond > 0 }

// Limits bound what clients ask of a node. A zero field is no limit.
type Limits struct {
	Connections           int // of the node
	ConnectionsPerAddress int // an address of IPv6 counts with the 2^64 beside it
	ConnectionsPerUser    int // on all nodes

	Lifetime time.Duration // of a connection
	Idle     time.Duration // for which a connection sends nothing

	Handshakes           Rate // of the node
	HandshakesPerAddress Rate

	Messages        Rate // that one connection sends
	Bytes           Rate // of these
	MessagesPerUser Rate // that all connections of a user send, on all nodes together
	BytesPerUser    Rate
}
