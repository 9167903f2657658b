package broker

import (
	"fmt"
	"strconv"
	"strings"
)

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

// ParsePosition reads what String writes. A position without an epoch is taken to be of the current
// one.
func ParsePosition(s string) (Position, error) {
	offset, epoch, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint(offset, 10, 64)
	if err != nil {
		return Position{}, fmt.Errorf("%.40q is not a position; it looks like 1042 or 1042:k3f9a2", s)
	}
	return Position{Epoch: epoch, Offset: n}, nil
}
