package session

import (
	"errors"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// Request says what to subscribe to, and from where.
type Request struct {
	Channels channel.Pattern
	// Parts are the logs that hold what Channels matches, and the ephemeral channels if it matches
	// any. For one channel there is one part.
	Parts []Part
	// Start says what is replayed of the parts with a log.
	Start Start
	// Without names a source whose messages are left out: that of the client itself, if it does not
	// want back what it publishes. Empty leaves out nothing.
	Without string
	// OnlyNew has Channels.Open begin with nothing that is kept, though the rule retains the last message.
	OnlyNew bool
	// CatchUp has Channels.Open read from the log what a slow client has not taken, where there is a log, whatever the
	// rules say.
	CatchUp bool
	// Latest has [Channels.Open] deliver as policy.DeliverLatest, whatever the rules say.
	Latest bool
}

// Part is what one rule keeps of the channels of a subscription.
type Part struct {
	Feed     *hub.Feed // nil for ephemeral channels
	Delivery policy.Delivery
	Slow     policy.Slow // catch-up needs a Feed
}

// Start says where a subscription begins. The zero value is: with what is published from now on.
type Start struct {
	// Since replays what is behind a position, of which there is one for each log. A log whose epoch
	// is not among them can't be resumed: that is told as lost, and what is kept is replayed.
	Since []broker.Position
	// Last replays the newest messages, so many of each log.
	Last int
	// All replays everything that is kept.
	All bool
}

// behind returns the offset in the log of an epoch behind which to begin if Since is asked for. It is
// not known if the client's positions are all of other epochs.
func (s Start) behind(epoch string) (offset uint64, known bool) {
	for _, at := range s.Since {
		if at.Epoch == epoch || at.Epoch == "" {
			return at.Offset, true
		}
	}
	return 0, false
}

// Asked tells whether anything is to be replayed.
func (s Start) Asked() bool { return len(s.Since) > 0 || s.Last > 0 || s.All }

var (
	errStarts   = errors.New("a subscription begins at one place: since a position, with the last messages, or with all; choose one")
	errEpoch    = errors.New("the pattern spans several histories, so a position needs its epoch, as in 1042:k3f9a2")
	errNoParts  = errors.New("no rule covers what is subscribed to")
	errCatchUp  = errors.New("slow catch-up needs a history; use drop or disconnect for ephemeral channels")
	errNegative = errors.New("the number of last messages can't be negative")
)

// check finds what contradicts itself.
func (r *Request) check() error {
	ways := 0
	for _, asked := range []bool{len(r.Start.Since) > 0, r.Start.Last != 0, r.Start.All} {
		if asked {
			ways++
		}
	}
	logs := 0
	for _, p := range r.Parts {
		if p.Feed != nil {
			logs++
		} else if p.Slow == policy.SlowCatchUp {
			return errCatchUp
		}
	}
	switch {
	case len(r.Parts) == 0:
		return errNoParts
	case ways > 1:
		return errStarts
	case r.Start.Last < 0:
		return errNegative
	}
	for _, at := range r.Start.Since {
		if at.Epoch == "" && at.Offset > 0 && logs > 1 {
			return errEpoch
		}
	}
	return nil
}

// from returns the offset to resume a log of the given epoch from. resumed is false if the client has
// no position of it: then it is 0, the beginning of what is kept.
func (s Start) from(epoch string) (offset uint64, resumed bool) {
	for _, at := range s.Since {
		if at.Epoch == "" || at.Epoch == epoch {
			return at.Offset, true
		}
	}
	return 0, false
}
