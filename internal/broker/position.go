package broker

import "strconv"

// Position is a place in a log: behind the message of that offset. Offsets grow within a channel, but
// do not count its messages one by one. Epoch names the incarnation of the log that the offset is
// from; offsets of another epoch mean nothing.
type Position struct {
	Epoch  string
	Offset uint64
}

// String returns the position as clients see it: "1042:k3f9a2", or "1042" without an epoch.
func (p Position) String() string {
	if p.Epoch == "" {
		return strconv.FormatUint(p.Offset, 10)
	}
	return strconv.FormatUint(p.Offset, 10) + ":" + p.Epoch
}
