// Package policy says how channels behave: the rules of the configuration, of which the first
// whose pattern matches a channel's name applies to the channel.
package policy

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/schema"
)

// Rule says how the channels that a pattern selects behave. It never changes once it is part of
// [Rules].
type Rule struct {
	Channels channel.Pattern
	History  History
	Delivery Delivery
	Slow     Slow

	Echo       bool // a publisher that subscribes to the channel gets its own messages too
	RetainLast bool // the last message is kept for whoever subscribes later
	Presence   bool // who is there can be asked, and joins and leaves are told

	MaxMessageBytes int64          // of one message's payload; 0 for no limit besides the server's own
	Rate            Rate           // of the messages that all together publish to one channel, on each node
	Schema          *schema.Schema // every message is JSON text that fits it; nil for anything
	Content         *Content       // every message is binary, and such; nil for anything

	Access Access
	// Owner is the segment, from 1, that names the user to whom a channel belongs; 0 if they belong to nobody.
	Owner int
}

// History bounds what is kept of each channel. A zero field is no bound; with all of them zero
// nothing is kept: the channel is ephemeral.
type History struct {
	Count int           // messages of each channel
	Age   time.Duration // of a message
	Bytes int64         // of all channels of the rule together
}

// Kept reports whether anything is kept.
func (h History) Kept() bool {
	return h != History{}
}

// Delivery says which messages a subscriber gets.
type Delivery string

const (
	DeliverAll    Delivery = "all"    // every one, in order
	DeliverLatest Delivery = "latest" // a newer message replaces an older one that has not been sent yet
)

// Slow says what becomes of a subscriber whose send queue is full.
type Slow string

const (
	SlowDrop       Slow = "drop"       // it misses messages, and is told how many
	SlowDisconnect Slow = "disconnect" // its connection is closed
	SlowCatchUp    Slow = "catch-up"   // it gets from the history what it misses; needs history
)

// Default returns the rule of channels that no other rule selects: nothing is kept, every message
// goes to every subscriber, its publisher included, and who can't keep up is disconnected.
func Default() Rule {
	return Rule{Channels: "#", Delivery: DeliverAll, Slow: SlowDisconnect, Echo: true}
}
