package check

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Name says which promise was broken.
type Name string

// The promises that may be broken.
const (
	Lost            Name = "lost"              // acknowledged, and not given to a subscriber that is entitled to it
	SilentGap       Name = "silent gap"        // passed over without a word: stored but not acknowledged, or without history
	Duplicated      Name = "duplicated"        // given to a subscriber twice
	Misordered      Name = "misordered"        // given, or stored, behind a later one
	Altered         Name = "altered"           // not what was sent
	Foreign         Name = "foreign"           // never sent, or not the subscriber's
	AckWithoutStore Name = "ack without store" // acknowledged, and not in the history
	StoredElsewhere Name = "stored elsewhere"  // not where the publisher, or a subscriber, was told
	StoredTwice     Name = "stored twice"
	OffsetTwice     Name = "offset twice" // two messages at the same place of a log
	FalseLoss       Name = "false loss"   // somebody was told of a loss that there is not
	ThrownOut       Name = "thrown out"   // a subscription ended that nobody had ended
	Ghost           Name = "ghost"        // present though gone
	Absent          Name = "absent"       // not present though there
	Leak            Name = "leak"         // a node uses more than before
)

// Names returns all of them.
func Names() []Name {
	return []Name{Lost, SilentGap, Duplicated, Misordered, Altered, Foreign, AckWithoutStore, StoredElsewhere, StoredTwice,
		OffsetTwice, FalseLoss, ThrownOut, Ghost, Absent, Leak}
}

// Violation is a promise that was broken once.
type Violation struct {
	Name    Name   `json:"name"`
	Who     string `json:"who,omitempty"`
	Channel string `json:"channel,omitempty"`
	Detail  string `json:"detail"`
}

// String says it in a line.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s %s: %s", v.Name, v.Who, v.Channel, v.Detail)
}

// Verdict is what came of a storm.
type Verdict struct {
	Sent        int          `json:"sent"`
	Acked       int          `json:"acknowledged"`
	Failed      int          `json:"failed"` // that publishers were told of
	Stored      int          `json:"stored"`
	Subscribers int          `json:"subscribers"`
	Owed        int          `json:"owed"`      // deliveries of what is stored
	Delivered   int          `json:"delivered"` // of those
	Repeats     int          `json:"repeats"`   // to devices with QoS 1, and without history to clients that move, which is allowed
	Ephemeral   int          `json:"ephemeral"` // deliveries without history
	Missed      int          `json:"missed"`    // there, and a gap was told
	Rosters     int          `json:"rosters"`   // that were looked at
	Counts      map[Name]int `json:"violations"`
	First       []Violation  `json:"first,omitempty"` // the first few of each name
}

// Clean tells whether every promise was kept, and something was promised at all.
func (v *Verdict) Clean() bool { return len(v.Counts) == 0 && v.Owed > 0 }

// firstOfEach is how many violations of a name are told in full.
const firstOfEach = 5

func (v *Verdict) add(name Name, who, channel, format string, values ...any) {
	v.addMany(1, name, who, channel, format, values...)
}

func (v *Verdict) addMany(count int, name Name, who, channel, format string, values ...any) {
	if v.Counts == nil {
		v.Counts = map[Name]int{}
	}
	told := 0
	for _, before := range v.First {
		if before.Name == name {
			told++
		}
	}
	if told < firstOfEach {
		v.First = append(v.First, Violation{name, who, channel, fmt.Sprintf(format, values...)})
	}
	v.Counts[name] += count
}

// String is a summary for people.
func (v *Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "published %d, acknowledged %d, failed %d, stored %d\n", v.Sent, v.Acked, v.Failed, v.Stored)
	fmt.Fprintf(&b, "%d subscribers were owed %d deliveries and got %d; %d came again where that is allowed\n", v.Subscribers, v.Owed, v.Delivered, v.Repeats)
	fmt.Fprintf(&b, "without history %d came, and %d were missed and told so; %d rosters\n", v.Ephemeral, v.Missed, v.Rosters)
	for _, name := range Names() {
		if n := v.Counts[name]; n > 0 {
			fmt.Fprintf(&b, "%d %s\n", n, name)
		}
	}
	for _, violation := range v.First {
		fmt.Fprintln(&b, " ", violation)
	}
	return b.String()
}

// Bounds are what is allowed.
type Bounds struct {
	Presence   time.Duration // how long a node that had a fault may still tell what was
	Files      int           // how many more a node may have open in the end
	Goroutines int           // likewise
	HeapBytes  int64         // likewise
}

// DefaultBounds returns what docs/chaos.md says.
func DefaultBounds() Bounds {
	return Bounds{Presence: 10 * time.Second, Files: 32, Goroutines: 64, HeapBytes: 64 << 20}
}

// sortedKeys returns the keys of a map in order, so that verdicts do not depend on chance.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
