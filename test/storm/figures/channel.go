package figures

import (
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// channel is when publications were acknowledged in one.
type channel struct {
	name    string
	prober  string                 // who publishes there, if it is a probe's
	waits   map[string]record.Time // publications on their way, by id, and since when
	since   record.Time            // since when there are some without an acknowledgement in between; 0 if there are none
	acks    []record.Time
	waited  []Unavailable // those that are long enough to be seen
	longest Unavailable
}

// seen is how long an unavailability has to be for the plot.
const seen = 250 * time.Millisecond

func (c *channel) send(r *record.Record) {
	c.prober = r.Who
	if len(c.waits) == 0 {
		c.since = r.At
	}
	c.waits[r.ID] = r.At
}

// ack ends a time in which nothing was acknowledged. If more is on its way, another one begins, unless what is on its way
// was handed over only later.
func (c *channel) ack(r *record.Record) {
	c.acks = append(c.acks, r.At)
	c.over(r)
	c.since = r.At
}

func (c *channel) fail(r *record.Record) {
	// It counts as waiting until then: the publisher has given up.
	if len(c.waits) == 1 {
		c.over(r)
		c.since = r.At
		return
	}
	delete(c.waits, r.ID)
}

func (c *channel) over(r *record.Record) {
	if _, there := c.waits[r.ID]; !there {
		return
	}
	delete(c.waits, r.ID)
	u := Unavailable{Channel: c.name, FromMS: ms(c.since), MS: r.At.Sub(c.since).Milliseconds()}
	if u.MS > c.longest.MS {
		c.longest = u
	}
	if u.MS >= seen.Milliseconds() {
		c.waited = append(c.waited, u)
	}
}

// probed tells a channel of a probe, which is bound to a node, from others.
func (c *channel) probed() bool { return strings.Contains(c.name, "/probe/") }

// isKill tells whether a fault of a kind is a SIGKILL.
func isKill(kind string) bool { return kind == "kill" || kind == "kill leader" || kind == "wipe" }

// failovers returns for how long probes that are not at the killed node were not acknowledged around a kill.
func (m *measure) failovers(is func(kind string) bool) (all []time.Duration) {
	for _, f := range m.faults {
		if !is(f.Kind) {
			continue
		}
		for _, c := range m.channels {
			if !c.probed() || m.sdk(c.prober).node(f.At) == f.Node {
				continue
			}
			next, _ := slices.BinarySearch(c.acks, f.At)
			if next > 0 && next < len(c.acks) {
				all = append(all, c.acks[next].Sub(c.acks[next-1]))
			}
		}
	}
	return all
}
