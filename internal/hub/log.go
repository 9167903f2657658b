package hub

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Log is what the hub needs of a log of channels with history; [broker.Log] is one. Offsets count
// the messages of the whole log one by one.
type Log interface {
	// Epoch names the incarnation of the log.
	Epoch() string
	// Read returns messages behind offset after, of the channels that p matches, at most most.
	Read(ctx context.Context, p channel.Pattern, after uint64, most int) (*broker.Page, error)
	// Last returns the newest n messages.
	Last(ctx context.Context, p channel.Pattern, n int) (*broker.Page, error)
	// Position returns that of the newest message that p matches, or of the log's end.
	Position(ctx context.Context, p channel.Pattern) (broker.Position, error)
	// Follow calls deliver with what is stored from now on, from one goroutine, until stop returns.
	// Messages may be missing, come twice or late.
	Follow(deliver func(batch []broker.Live)) (stop func())
}

// everything is the pattern of all channels of a log.
const everything channel.Pattern = "#"
