//go:build linux

package storm

import (
	"sync"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// ear writes down what comes to one subscription.
type ear struct {
	journal            *record.Journal
	who, kind, channel string

	mu      sync.Mutex        // guards what follows
	highest map[string]uint64 // offset, by epoch
	newest  string            // id
}

// listenFor makes an ear.
func (c *crowd) listenFor(who, kind, channel string) *ear {
	e := &ear{journal: c.journal, who: who, kind: kind, channel: channel, highest: map[string]uint64{}}
	c.mu.Lock()
	c.ears = append(c.ears, e)
	c.mu.Unlock()
	return e
}

// joins notes that it is live, behind positions.
func (e *ear) joins(positions string) error {
	r := record.Record{What: record.Join, Who: e.who, Kind: e.kind, Channel: e.channel}
	if positions != "" {
		all, err := protocol.ParsePositions(positions)
		if err != nil {
			return err
		}
		r.Positions = map[string]uint64{}
		for _, at := range all {
			r.Positions[at.Epoch] = at.Offset
		}
	}
	e.journal.Add(r)
	return nil
}

// got notes a message; offset is 0 if it is not told.
func (e *ear) got(text string, offset uint64, epoch string) {
	id := idOf(text)
	e.journal.Add(record.Record{What: record.Got, Who: e.who, Channel: e.channel, ID: id, Sum: record.Sum(text), Offset: offset, Epoch: epoch})
	e.mu.Lock()
	defer e.mu.Unlock()
	e.highest[epoch] = max(e.highest[epoch], offset)
	e.newest = id
}

// tells notes something else.
func (e *ear) tells(what record.What, text string) {
	e.journal.Add(record.Record{What: what, Who: e.who, Channel: e.channel, Text: text})
}

// has tells whether the newest message of its channel has come.
func (e *ear) has(newest record.Record) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.highest[newest.Epoch] >= newest.Offset || e.newest == newest.ID
}
