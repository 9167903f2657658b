package session

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// step is something that happens in a generated history of the world.
type step struct {
	what    string
	channel channel.Name
	n       int
	pattern channel.Pattern
	start   string
	faults  []string // what becomes of the messages that would come live
}

var (
	names    = []channel.Name{"a", "b", "a/c"}
	patterns = []channel.Pattern{"a", "b", "a/#", "+", "#"}
)

func steps(evict bool) *rapid.Generator[[]step] {
	kinds := []string{"append", "append", "append", "flow", "flow", "flow", "subscribe", "subscribe", "stall", "drain", "cancel", "sleep", "sleep long", "away", "back"}
	if evict {
		kinds = append(kinds, "evict")
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) step {
		return step{
			what:    rapid.SampledFrom(kinds).Draw(t, "what"),
			channel: rapid.SampledFrom(names).Draw(t, "channel"),
			n:       rapid.IntRange(0, 12).Draw(t, "n"),
			pattern: rapid.SampledFrom(patterns).Draw(t, "pattern"),
			start:   rapid.SampledFrom([]string{"live", "since", "last", "all"}).Draw(t, "start"),
			faults:  rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "", "drop", "repeat", "late"}), 1, 12).Draw(t, "faults"),
		}
	}), 1, 60)
}

// subscriber is one of the property's subscriptions, with what it is owed.
type subscriber struct {
	*client
	sub     *Subscription
	pattern channel.Pattern
	from    uint64 // owed is what is behind it
	late    bool   // or rather what comes once it is live
	gone    bool   // and what it got before it was cancelled
}

// stage plays steps.
type stage struct {
	*world
	evicts bool
	all    []*subscriber
	late   []broker.Live // to come live later
}

func (st *stage) play(s step) {
	switch s.what {
	case "append":
		st.append(s.channel, s.n)
	case "flow":
		st.flow(s.faults)
	case "subscribe":
		st.join(s)
	case "evict":
		for _, m := range st.log.All() {
			if m.Channel == s.channel && s.n > 0 {
				st.log.Evict(m.Offset)
				s.n--
			}
		}
	case "sleep":
		time.Sleep(time.Duration(s.n) * 10 * time.Millisecond)
	case "sleep long":
		time.Sleep(time.Duration(s.n) * time.Second)
	case "away", "back":
		st.log.SetAway(s.what == "away")
	default:
		if len(st.all) > 0 {
			st.change(st.all[s.n%len(st.all)], s.what)
		}
	}
}

func (st *stage) change(sub *subscriber, how string) {
	switch how {
	case "stall":
		sub.stall()
	case "drain":
		sub.drain()
	case "cancel":
		sub.sub.Cancel()
		sub.gone = true
	}
}

// flow brings live what waits, as well as the faults allow.
func (st *stage) flow(faults []string) {
	var batch []broker.Live
	for i, m := range st.log.Waiting() {
		switch faults[i%len(faults)] {
		case "drop":
		case "late":
			st.late = append(st.late, m)
		case "repeat":
			batch = append(batch, m, m)
		default:
			batch = append(batch, m)
		}
	}
	if len(faults)%2 == 0 {
		batch = append(batch, st.late...)
		st.late = nil
	}
	half := len(batch) / 2
	st.log.Deliver(batch[:half]...)
	st.log.Deliver(batch[half:]...)
}

func (st *stage) join(s step) {
	sub := &subscriber{client: newClient(), pattern: s.pattern}
	var start Start
	kept := st.log.All()
	switch s.start {
	case "since":
		sub.from = uint64(s.n % (len(kept) + 1))
		start, sub.late = since(sub.from), sub.from == 0 && st.evicts
	case "last":
		start.Last, sub.late = s.n+1, true
	case "all":
		start.All, sub.late = true, st.evicts // what goes before it is read is not owed
	}
	var err error
	sub.sub, err = Open(st.hub, Request{Channels: s.pattern, Parts: []Part{st.catchUp()}, Start: start}, sub)
	if err != nil {
		st.t.Fatal(err)
	}
	if s.start == "live" {
		sub.from = sub.sub.Positions()[0].Offset
	}
	sub.sub.Start()
	st.all = append(st.all, sub)
}

// check tells what is wrong with what a subscriber got: every message that it is owed, once, in
// order, unless it was told that some are lost.
func (sub *subscriber) check(all []*broker.Message) error {
	at, lost, live := sub.from, false, false
	owes := func(before uint64) error {
		for _, m := range all[at : before-1] { // an offset is one more than the index
			if sub.pattern.Matches(m.Channel) && !lost {
				return fmt.Errorf("%s is missing without a word", m.Payload)
			}
		}
		return nil
	}
	for _, e := range sub.events() {
		switch {
		case e.m == nil:
			lost = lost || e.told == "lost"
			var from uint64
			if _, err := fmt.Sscanf(e.told, "live %d", &from); err == nil {
				if sub.late && !live {
					at = max(at, from)
				}
				live = true
			}
			continue
		case !sub.pattern.Matches(e.m.Channel):
			return fmt.Errorf("%v is of another channel", e)
		case e.m.Offset <= at:
			return fmt.Errorf("%v after %d", e, at)
		}
		if err := owes(e.m.Offset); err != nil && (live || !sub.late) {
			return err
		}
		at, lost = e.m.Offset, false
	}
	if sub.gone {
		return nil
	}
	if !live {
		return errors.New("it never got live")
	}
	return owes(uint64(len(all) + 1))
}

// perform plays a script, lets everything settle, and checks.
func perform(t *testing.T, script []step, keeps broker.Retention) (err error) {
	synctest.Test(t, func(t *testing.T) {
		st := &stage{world: newWorld(t, keeps), evicts: evicts(script)}
		st.log.PageMessages = 3
		st.publish("a", 1)
		for _, s := range script {
			st.play(s)
		}
		st.log.SetAway(false)
		for _, sub := range st.all {
			sub.drain()
		}
		st.flow([]string{"drop"}) // only reconciling can help
		time.Sleep(time.Minute)
		for _, name := range names { // who has lost the last message is told before the next one
			st.publish(name, 1)
		}
		time.Sleep(time.Minute)
		all := st.log.All()
		for i, sub := range st.all {
			sub.sub.Cancel()
			if failed := sub.check(all); failed != nil && err == nil {
				err = fmt.Errorf("subscriber %d of %s from %d: %w; got %v", i, sub.pattern, sub.from, failed, sub.events())
			}
			if slices.ContainsFunc(sub.events(), isLost) && !st.evicts {
				err = fmt.Errorf("subscriber %d of %s was told of a loss that there was not: %v", i, sub.pattern, sub.events())
			}
		}
		st.hub.Close()
	})
	return err
}

func isLost(e event) bool { return e.told == "lost" }

func evicts(script []step) bool {
	return slices.ContainsFunc(script, func(s step) bool { return s.what == "evict" })
}

// Whatever the live feed drops, repeats or delays, whatever the log forgets or however long it is
// away, and whenever subscribers come, stall, drain and go: each gets every message behind its
// position once, in order, or is told that some are lost.
func TestEverySubscriberGetsEveryMessageOnceAndInOrderOrIsTold(t *testing.T) {
	for _, evict := range []bool{false, true} {
		t.Run(fmt.Sprint("eviction ", evict), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				keeps := rapid.SampledFrom([]broker.Retention{{}, noTail}).Draw(rt, "keeps")
				if err := perform(t, steps(evict).Draw(rt, "script"), keeps); err != nil {
					rt.Fatal(err)
				}
			})
		})
	}
}

// Subscribers that come from anywhere while a publisher never pauses get everything, and go live.
func TestSubscribersJoinAFullRatePublisherWithoutAGap(t *testing.T) {
	for name, keeps := range map[string]broker.Retention{"by the log": noTail, "by the tail": {}} {
		t.Run(name, func(t *testing.T) { joinAFullRatePublisher(t, newWorld(t, keeps)) })
	}
}

func joinAFullRatePublisher(t *testing.T, w *world) {
	defer w.hub.Close()
	w.log.PageMessages = 100
	const total = 4000
	var all []*subscriber
	var running sync.WaitGroup
	running.Go(func() {
		for i := range total {
			w.log.Append(names[i%2])
			if i%7 == 0 {
				w.log.Waiting() // these never come live
			}
			w.log.Flow()
		}
	})
	for i := range 60 {
		sub := &subscriber{client: newClient(), pattern: patterns[i%len(patterns)]}
		start := Start{All: true}
		if i%2 == 0 {
			sub.from = uint64(min(i, len(w.log.All())))
			start = since(sub.from)
		}
		sub.sub = w.subscribe(sub, sub.pattern, start, w.catchUp())
		if i%3 == 0 {
			sub.stall()
			running.Go(func() {
				for range 50 {
					sub.drain()
					sub.stall()
				}
				sub.drain()
			})
		}
		all = append(all, sub)
	}
	running.Wait()
	w.publish("a", 1) // shows what was missed last
	w.publish("b", 1)
	w.publish("a/c", 1)
	messages := w.log.All()
	for i, sub := range all {
		deadline := time.Now().Add(20 * time.Second)
		for sub.check(messages) != nil && time.Now().Before(deadline) {
			time.Sleep(time.Millisecond)
		}
		sub.sub.Cancel()
		if err := sub.check(messages); err != nil {
			t.Errorf("subscriber %d of %s from %d: %v", i, sub.pattern, sub.from, err)
		}
	}
}
