package cluster

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// flow adds a flow to a node that has not started yet, which notes what it carries.
func (o *node) flow(name string) *Flow {
	return o.Flow(name,
		func(from string, body []byte) error { o.note(from + string(body)); return nil },
		func(from string, n int) { o.note(fmt.Sprintf("%d of %s lost", n, from)) })
}

func (f *Flow) say(text string) { f.Send(func(dst []byte) []byte { return append(dst, text...) }) }

func TestAFlowIsInOrderAndTellsWhatItHasLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a"), net.newNode("b")
		from, _ := a.flow("f"), b.flow("f")
		a.begin(t)
		defer a.Close()
		from.say("nobody")
		if sent := a.Counts().Sent; from.Open() || sent > 2 {
			t.Errorf("alone it sends %d frames", sent)
		}
		b.begin(t)
		defer b.Close()
		expect(t, b, "a is ready")
		from.say("1")
		from.say("2")
		synctest.Wait()
		expect(t, b, "a1", "a2")
		net.lose(func(_, _, subject string) bool { return subject == subjectFlow+"f" })
		from.say("3")
		from.say("4")
		net.lose(nil)
		from.say("5")
		synctest.Wait()
		expect(t, b, "2 of a lost", "a5")
		if gaps := b.Counts().Gaps; gaps != 1 {
			t.Errorf("%d gaps are counted", gaps)
		}
	})
}

func TestAFlowTellsThatItMayHaveLostSomethingOfANodeThatComesAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a"), net.newNode("b")
		from, _ := a.flow("f"), b.flow("f")
		a.begin(t)
		defer a.Close()
		b.begin(t)
		defer b.Close()
		b.heard()
		net.lose(func(_, _, _ string) bool { return true })
		wait(10 * time.Second)
		from.say("to nobody")
		net.lose(nil)
		wait(3 * time.Second)
		from.say("1")
		synctest.Wait()
		expect(t, b, "a has gone", "0 of a lost", "a is ready", "2 of a lost", "a1")
	})
}

// What a node sends while it takes itself for alone is missing for those whom it finds again.
func TestAFlowTellsWhatWasSentToNobodyBeforeWhatComesNext(t *testing.T) {
	for _, test := range []struct {
		about string
		cut   func(from, to, subject string) bool
		gone  string // what b is told meanwhile
	}{
		{"both have given each other up", func(_, _, _ string) bool { return true }, "a has gone"},
		{"only the sender has", func(from, _, _ string) bool { return from == "b" }, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			var net network
			a, b := net.newNode("a"), net.newNode("b")
			from, _ := a.flow("f"), b.flow("f")
			a.begin(t)
			defer a.Close()
			b.begin(t)
			defer b.Close()
			wait(time.Second)
			from.say("1")
			synctest.Wait()
			b.heard()
			net.lose(test.cut)
			wait(10 * time.Second)
			from.say("to nobody")
			net.lose(func(from, _, subject string) bool { return from == "a" && subject != subjectFlow+"f" })
			wait(2 * time.Second) // b is heard, and has not heard of a yet
			from.say("2")
			synctest.Wait()
			want := []string{"1 of a lost", "a2"}
			if test.gone != "" {
				want = append([]string{test.gone}, want...)
			}
			if told := b.heard(); !slices.Equal(told, want) {
				t.Errorf("%s: %q, want %q", test.about, told, want)
			}
			net.lose(nil)
		})
	}
}

func TestAFlowIsClosedUntilItHasItsConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var net network
		a, b := net.newNode("a"), net.newNode("b")
		a.flow("f")
		from := b.flow("f")
		a.begin(t)
		defer a.Close()
		connect := b.connect
		b.connect = func(ctx context.Context, purpose string) (bus, error) {
			wait(3 * beatEvery) // a is heard meanwhile
			if from.Open() {
				t.Error("it is open without a connection")
			}
			return connect(ctx, purpose)
		}
		b.begin(t)
		defer b.Close()
		from.say("1")
		synctest.Wait()
		expect(t, a, "b is ready", "b1")
	})
}
