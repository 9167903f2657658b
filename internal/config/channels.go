package config

import (
	"cmp"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// ChannelRule says how the channels that a pattern selects behave.
type ChannelRule struct {
	Pattern    channel.Pattern `key:"pattern" doc:"Which channels the rule is for. The segment + stands for any one segment, and # at the end for all that follow: chat/# is chat, chat/lobby and chat/lobby/de. In YAML a pattern that begins with # needs quotes."`
	History    History         `key:"history" doc:"What is kept of each channel, for those who come back. Without it nothing is."`
	Delivery   string          `key:"delivery" default:"all" values:"all latest" doc:"Which messages a subscriber gets: all of them, or for one that is slow only the latest."`
	Slow       string          `key:"slow" values:"drop disconnect catch-up" doc:"What happens to a slow subscriber: it misses messages and is told how many, it is disconnected, or it gets from the history what it misses. The default is catch-up with history, else disconnect."`
	Echo       bool            `key:"echo" default:"true" doc:"Whether publishers who subscribe to the channel get their own messages too."`
	MaxMessage Size            `key:"max_message" least:"1" most:"1GiB" doc:"The largest message; by default, and at most, limits.max_message, and 31MiB with history."`
	RetainLast bool            `key:"retain_last" default:"false" doc:"Whether the last message is kept for whoever subscribes later. Without history it makes a history of one message."`
	Access     Access          `key:"access" doc:"Who may do what with the channels: anyone, users (whoever has shown who it is), granted (whose token names the channel), or nobody. What a token grants is added, except to nobody. The default is granted, and in development mode anyone. Where the pattern has a segment {user}, as in inbox/{user}, a channel belongs to the user of that name, and users is that one alone."`
	Rate       int             `key:"rate" default:"0" least:"0" doc:"How many messages are published to one channel each second, by all clients of this node together; for a moment twice as many. 0 for no such limit."`
	Schema     string          `key:"schema" doc:"The JSON Schema (2020-12) that messages fit, which are JSON text then: a file, relative to this one, that may refer to others in its directory; or the schema itself, as in schema: '{\"type\": \"object\"}'. Formats are checked, patterns are those of RE2."`
	Content    Content         `key:"content" doc:"What messages are that are binary, all of them."`
	Presence   bool            `key:"presence" default:"false" doc:"Whether subscribers can ask who else is there, and are told who comes and goes."`

	Place Place `key:"-"` // where the rule is written
}

// Access says who may do what.
type Access struct {
	Subscribe string `key:"subscribe" values:"anyone users granted nobody" doc:"Who gets what is published."`
	Publish   string `key:"publish" values:"anyone users granted nobody" doc:"Who publishes."`
	Presence  string `key:"presence" values:"anyone users granted nobody" doc:"Who sees who is there."`
	History   string `key:"history" values:"anyone users granted nobody" doc:"Who reads what is kept, and is sent what was missed. The default is that of subscribe."`
}

// settle fills in who is meant where nothing is written.
func (a *Access) settle(everybody string) {
	a.Subscribe = cmp.Or(a.Subscribe, everybody)
	a.Publish = cmp.Or(a.Publish, everybody)
	a.Presence = cmp.Or(a.Presence, everybody)
	a.History = cmp.Or(a.History, a.Subscribe)
}

// History bounds what is kept. A bound of 0 is none; all of them 0 is no history.
type History struct {
	Count int           `key:"count" default:"0" least:"0" doc:"At most so many messages of each channel; 0 for no such bound."`
	Age   time.Duration `key:"age" default:"0s" least:"0s" doc:"No message older than this, as in 90s, 24h or 7d, and at least 100ms; 0s for no such bound."`
	Bytes Size          `key:"bytes" default:"0" least:"0" doc:"At most so much of all channels of the rule together, as in 512MiB; 0 for no such bound."`
}

const (
	// maxStoredMessage is the largest message that fits into a record of JetStream's files, which is 32
	// MiB, with what is stored beside it.
	maxStoredMessage Size = 31 << 20

	// leastAge is the shortest time for which JetStream can be told to keep messages.
	leastAge = 100 * time.Millisecond
)

// stored reports whether messages of the rule's channels are kept, for whatever reason.
func (r *ChannelRule) stored() bool {
	return r.History != History{} || r.RetainLast
}

// DevelopmentChannels returns the rules of development mode without a configuration: what is below
// chat/ is remembered for a day.
func DevelopmentChannels() []ChannelRule {
	return []ChannelRule{{
		Pattern:  "chat/#",
		History:  History{Count: 1000, Age: 24 * time.Hour},
		Delivery: "all",
		Slow:     "catch-up",
		Echo:     true,
		Presence: true,
	}}
}
