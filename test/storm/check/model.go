package check

import (
	"iter"
	"slices"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// message is what is known of one publication, by its id.
type message struct {
	id        string
	sent      bool
	publisher string
	channel   string
	sum       uint64
	number    int // of the publisher in the channel, from 0
	ordered   bool

	failed   bool // given up by its publisher: it may come all the same, at any time
	acked    bool
	ackedAt  place
	stored   bool
	storedAt place // the first
}

// place is where a message is stored.
type place struct {
	epoch  string
	offset uint64
}

// entry is one message of a history.
type entry struct {
	message *message
	place
	sum uint64
}

// model is all records in order: what they say about whom.
type model struct {
	kept     map[string]bool // by channel
	messages map[string]*message
	sent     map[[2]string][]*message // by publisher and channel, in order
	stored   map[string][]entry       // by channel, in order within each epoch
	subs     map[[2]string]*subscription
	people   map[[2]string][]presence // by name and channel
	rosters  []record.Record
	faults   []record.Record
	usage    []record.Record
	failed   int
	pages    []record.Record
}

// presence is somebody who came, left, or had to be gone.
type presence struct {
	at   record.Time
	what record.What
}

// subscription is what came of one.
type subscription struct {
	who, kind, channel string
	joined             bool
	begins             map[string]uint64
	ends               map[string]uint64 // nil if it stayed to the end
	events             []event
}

// event is a message that came, or a gap or loss that was told.
type event struct {
	what    record.What
	message *message
	place   // if it is told
	sum     uint64
	text    string
}

// read takes all records in.
func read(records iter.Seq2[record.Record, error]) (*model, error) {
	m := &model{
		kept:     map[string]bool{},
		messages: map[string]*message{},
		sent:     map[[2]string][]*message{},
		stored:   map[string][]entry{},
		subs:     map[[2]string]*subscription{},
		people:   map[[2]string][]presence{},
	}
	for r, err := range records {
		if err != nil {
			return nil, err
		}
		m.take(&r)
	}
	for _, all := range m.stored {
		slices.SortStableFunc(all, func(a, b entry) int { return compare(a.place, b.place) })
	}
	return m, nil
}

func compare(a, b place) int {
	switch {
	case a.epoch < b.epoch:
		return -1
	case a.epoch > b.epoch:
		return 1
	case a.offset < b.offset:
		return -1
	case a.offset > b.offset:
		return 1
	}
	return 0
}

func (m *model) take(r *record.Record) {
	switch r.What {
	case record.Channel:
		m.kept[r.Channel] = r.Kept
	case record.Send:
		m.send(r)
	case record.Ack:
		p := m.message(r.ID)
		p.acked, p.ackedAt = true, place{r.Epoch, r.Offset}
	case record.Failed:
		m.failed++
		m.message(r.ID).failed = true
	case record.Stored:
		m.store(r)
	case record.Join:
		s := m.subscription(r)
		s.joined, s.kind, s.begins = true, r.Kind, r.Positions
	case record.Left:
		m.subscription(r).ends = r.Positions
	case record.Got, record.Gap, record.Lost, record.Ended:
		s := m.subscription(r)
		e := event{what: r.What, place: place{r.Epoch, r.Offset}, sum: r.Sum, text: r.Text}
		if r.What == record.Got {
			e.message = m.message(r.ID)
		}
		s.events = append(s.events, e)
	case record.Page:
		m.pages = append(m.pages, *r)
	case record.Here, record.Leaves, record.Gone:
		key := [2]string{r.Who, r.Channel}
		m.people[key] = append(m.people[key], presence{r.At, r.What})
	case record.Roster:
		m.rosters = append(m.rosters, *r)
	case record.Fault:
		m.faults = append(m.faults, *r)
	case record.Usage:
		m.usage = append(m.usage, *r)
	}
}

func (m *model) message(id string) *message {
	p := m.messages[id]
	if p == nil {
		p = &message{id: id}
		m.messages[id] = p
	}
	return p
}

func (m *model) send(r *record.Record) {
	p := m.message(r.ID)
	key := [2]string{r.Who, r.Channel}
	p.sent, p.publisher, p.channel, p.sum, p.ordered = true, r.Who, r.Channel, r.Sum, r.Ordered
	p.number = len(m.sent[key])
	m.sent[key] = append(m.sent[key], p)
}

func (m *model) store(r *record.Record) {
	p := m.message(r.ID)
	at := place{r.Epoch, r.Offset}
	if !p.stored {
		p.stored, p.storedAt = true, at
	}
	m.stored[r.Channel] = append(m.stored[r.Channel], entry{p, at, r.Sum})
}

func (m *model) subscription(r *record.Record) *subscription {
	key := [2]string{r.Who, r.Channel}
	s := m.subs[key]
	if s == nil {
		s = &subscription{who: r.Who, channel: r.Channel}
		m.subs[key] = s
	}
	return s
}
