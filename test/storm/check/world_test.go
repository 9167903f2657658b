package check

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// world makes records of a storm in which every promise is kept: a server that stores and gives out one message after
// the other, and clients that come, are cut off, come back and go.
type world struct {
	draw    func(label string, below int) int // a number from 0
	now     record.Time
	records []record.Record

	log     []stored // of the channels with history, all in one
	numbers map[string]int
	subs    []*listener
	people  []string
}

// stored is a message as the world keeps it.
type stored struct {
	channel, id string
	offset      uint64
	sum         uint64
}

// listener is a subscriber as the world knows it.
type listener struct {
	who, kind, channel string
	at                 uint64 // offset of the newest that it has got
	away               bool
}

const epoch = "e1"

var (
	keptChannels = []string{"storm/a", "storm/b"}
	calmChannels = []string{"calm/a"}
)

// someWorld draws a world from a property test.
func someWorld(t *rapid.T) []record.Record {
	return makeWorld(rapid.IntRange(20, 120).Draw(t, "steps"), func(label string, below int) int {
		return rapid.IntRange(0, below-1).Draw(t, label)
	})
}

// makeWorld plays so many steps.
func makeWorld(steps int, draw func(label string, below int) int) []record.Record {
	w := &world{draw: draw, numbers: map[string]int{}}
	for _, channel := range keptChannels {
		w.add(record.Record{What: record.Channel, Channel: channel, Kept: true})
	}
	for _, channel := range calmChannels {
		w.add(record.Record{What: record.Channel, Channel: channel})
	}
	w.add(record.Record{What: record.Usage, Node: "n1", Files: 20, Goroutines: 80, HeapBytes: 5 << 20})
	w.begin()
	for range steps {
		w.step()
	}
	w.end()
	return w.records
}

func (w *world) add(r record.Record) {
	w.now += record.Time(1 + w.draw("microseconds", 1000))
	if r.At == 0 {
		r.At = w.now
	}
	w.records = append(w.records, r)
}

// begin has one subscriber of each kind join, and enough happen that every promise matters.
func (w *world) begin() {
	for i, kind := range []string{record.Go, record.TypeScript, record.Raw, record.SSE, record.MQTT} {
		w.join(kind, keptChannels[i%2])
	}
	w.join(record.Go, "storm/#")
	w.join(record.Go, calmChannels[0])
	w.person()
	w.person()
	for range 3 {
		for publisher := range 2 {
			for _, channel := range keptChannels {
				w.publish(publisher, channel, true)
			}
			w.publish(publisher, calmChannels[0], true)
		}
	}
	w.publish(0, keptChannels[0], false)
	w.depart(0)
}

// step lets something happen.
func (w *world) step() {
	switch w.draw("step", 12) {
	case 0:
		w.join([]string{record.Go, record.Raw, record.SSE, record.MQTT}[w.draw("kind", 4)], keptChannels[w.draw("channel", 2)])
	case 1:
		w.subs[w.draw("who", len(w.subs))].away = true
	case 2:
		w.comeBack(w.subs[w.draw("who", len(w.subs))])
	case 3:
		w.person()
	case 4:
		w.depart(w.draw("person", len(w.people)))
	case 5:
		w.publish(w.draw("publisher", 3), calmChannels[0], true)
	case 6:
		w.roster(false)
	case 7:
		w.page()
	default:
		w.publish(w.draw("publisher", 3), keptChannels[w.draw("channel", 2)], w.draw("acked", 6) > 0)
	}
}

func (w *world) join(kind, channel string) {
	l := &listener{who: fmt.Sprintf("%s-%d", kind, len(w.subs)), kind: kind, channel: channel, at: w.newest()}
	w.subs = append(w.subs, l)
	join := record.Record{What: record.Join, Who: l.who, Kind: kind, Channel: channel}
	if w.hears(l) {
		join.Positions = map[string]uint64{epoch: l.at}
	}
	w.add(join)
}

// hears tells a subscriber of a history from others.
func (w *world) hears(l *listener) bool { return strings.HasPrefix(l.channel, "storm/") }

func (w *world) newest() uint64 {
	if len(w.log) == 0 {
		return 0
	}
	return w.log[len(w.log)-1].offset
}

// publish stores a message, or gives one without history to whoever is there. What is not acknowledged is stored all
// the same: the answer was lost.
func (w *world) publish(publisher int, channel string, acked bool) {
	who := fmt.Sprintf("p%d", publisher)
	id := fmt.Sprintf("%s-%d", who, w.numbers[who])
	w.numbers[who]++
	s := stored{channel: channel, id: id, sum: record.Sum(id)}
	w.add(record.Record{What: record.Send, Who: who, Channel: channel, ID: id, Sum: s.sum, Ordered: true})
	ack := record.Record{What: record.Ack, Who: who, Channel: channel, ID: id}
	if slices.Contains(keptChannels, channel) {
		s.offset = w.newest() + 1 + uint64(w.draw("skipped", 3))
		w.log = append(w.log, s)
		ack.Offset, ack.Epoch = s.offset, epoch
	}
	for _, l := range w.subs {
		if !l.away && (l.channel == channel || matches(l.channel, channel)) {
			w.give(l, s)
		}
	}
	if acked {
		w.add(ack)
	}
}

func (w *world) give(l *listener, s stored) {
	got := record.Record{What: record.Got, Who: l.who, Channel: l.channel, ID: s.id, Sum: s.sum}
	if s.offset > 0 && (l.kind == record.Go || l.kind == record.SSE) {
		got.Offset, got.Epoch = s.offset, epoch
	}
	w.add(got)
	if l.kind == record.MQTT && w.draw("again", 4) == 0 {
		w.add(got)
	}
	l.at = max(l.at, s.offset)
}

// comeBack gives a subscriber what it has missed.
func (w *world) comeBack(l *listener) {
	if !l.away {
		return
	}
	l.away = false
	if !w.hears(l) {
		w.add(record.Record{What: record.Gap, Who: l.who, Channel: l.channel})
		return
	}
	for _, s := range w.log {
		if s.offset > l.at && (l.channel == s.channel || matches(l.channel, s.channel)) {
			w.give(l, s)
		}
	}
	w.add(record.Record{What: record.Live, Who: l.who, Channel: l.channel})
}

func (w *world) person() {
	name := fmt.Sprintf("person-%d", len(w.people))
	w.people = append(w.people, name)
	w.add(record.Record{What: record.Here, Who: name, Channel: keptChannels[0]})
}

func (w *world) depart(i int) {
	if name := w.people[i]; name != "" {
		w.people[i] = ""
		w.add(record.Record{What: record.Leaves, Who: name, Channel: keptChannels[0]})
		w.roster(false, []string{name}[:w.draw("seen", 2)]...)
		w.add(record.Record{What: record.Gone, Who: name, Channel: keptChannels[0]})
	}
}

func (w *world) roster(final bool, more ...string) {
	there := slices.DeleteFunc(slices.Clone(w.people), func(name string) bool { return name == "" })
	w.add(record.Record{What: record.Roster, Who: "watcher", Node: "n1", Channel: keptChannels[0], Names: append(there, more...), Final: final})
}

func (w *world) page() {
	var all []uint64
	for _, s := range w.log {
		if s.channel == keptChannels[0] {
			all = append(all, s.offset)
		}
	}
	from := w.draw("from", len(all))
	w.add(record.Record{What: record.Page, Who: "reader", Channel: keptChannels[0], Epoch: epoch, Offsets: all[from:]})
}

// end has everybody come back, and reads the history.
func (w *world) end() {
	w.person() // that somebody is there
	for _, l := range w.subs {
		w.comeBack(l)
	}
	w.roster(true)
	w.add(record.Record{What: record.Usage, Node: "n1", Final: true, Files: 22, Goroutines: 85, HeapBytes: 9 << 20})
	for _, s := range w.log {
		w.add(record.Record{What: record.Stored, Channel: s.channel, ID: s.id, Offset: s.offset, Epoch: epoch, Sum: s.sum})
	}
}
