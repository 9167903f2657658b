package browser

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// texts returns the texts of the messages that a tab shows, in order.
func (p *tab) texts() []string {
	p.t.Helper()
	return eval[[]string](p, `[...document.querySelectorAll("[data-testid=message] [data-testid=text]")].map(e => e.textContent)`)
}

func TestARoomShowsItsHistoryToWhoeverComesLater(t *testing.T) {
	s := startServer(t)
	a := open(t, s.page+"/?room=history")
	a.ready("Ada")
	for n := range 3 {
		a.say("message " + strconv.Itoa(n))
	}
	a.until(`document.querySelectorAll("[data-testid=message][data-state=delivered]").length === 3`)
	b := open(t, s.page+"/?room=history")
	b.sees("message 2")
	want := []string{"message 0", "message 1", "message 2"}
	if got := b.texts(); !slices.Equal(got, want) {
		t.Errorf("whoever comes later sees %q, want %q", got, want)
	}
	if n := eval[int](b, `document.querySelectorAll("[data-testid=message][data-own=false]").length`); n != 3 {
		t.Errorf("%d of the 3 messages are shown as those of others", n)
	}
	a.do(chromedp.Reload())
	a.until(`document.querySelectorAll("[data-testid=message][data-own=true][data-state=delivered]").length === 3`)
}

func TestAServerKilledInMidSentenceLosesAndRepeatsNothing(t *testing.T) {
	s := startServer(t)
	a, b := open(t, s.page+"/?room=kill"), open(t, s.page+"/?room=kill")
	a.ready("Ada")
	b.ready("Grace")
	var want []string
	say := func(p *tab, text string) {
		p.say(text)
		want = append(want, text)
	}
	say(a, "before 1")
	say(b, "before 2")
	a.do(chromedp.SendKeys(hook("composer"), "in mid"))
	for n := range 5 {
		say(b, "burst "+strconv.Itoa(n))
	}
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	a.until(`document.querySelector("[data-testid=connection]").dataset.state !== "live"`)
	b.until(`document.querySelector("[data-testid=connection]").dataset.state !== "live"`)
	a.say(" sentence")
	want = append(want, "in mid sentence")
	say(b, "while it is down")
	if err := s.restart(); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*tab{a, b} {
		p.until(`document.querySelector("[data-testid=connection]").dataset.state === "live"`)
		p.until(`document.querySelectorAll("[data-testid=message] [data-testid=text]").length >= %s`, len(want))
		p.until(`document.querySelector("[data-testid=message]:is([data-state=sending], [data-state=waiting])") === null`)
	}
	b.say("after")
	a.sees("after")
	b.until(`document.querySelectorAll("[data-testid=message]:is([data-state=sending], [data-state=waiting])").length === 0`)
	want = append(want, "after")
	wantSame(t, a, b, want)
}

// wantSame checks that two tabs show these messages, each once and in the same order, whichever it is.
func wantSame(t *testing.T, a, b *tab, want []string) {
	t.Helper()
	seenByA, seenByB := a.texts(), b.texts()
	if !slices.Equal(seenByA, seenByB) {
		t.Errorf("the tabs show different messages, or orders:\n%q\n%q", seenByA, seenByB)
	}
	slices.Sort(seenByA)
	slices.Sort(want)
	if !slices.Equal(seenByA, want) {
		t.Errorf("the tabs show %q, want each of %q once", seenByA, want)
	}
}

func TestInAStormNothingIsLost(t *testing.T) {
	s := startServer(t)
	a, b := open(t, s.page+"/?room=storm"), open(t, s.page+"/?room=storm")
	a.ready("Ada")
	b.ready("Grace")
	a.do(chromedp.Click(hook("storm")))
	var want []string
	for n := range 4 {
		for _, p := range []*tab{a, b} {
			text := fmt.Sprint("message ", len(want))
			p.say(text)
			want = append(want, text)
		}
		a.until(`Number(/Cut (once|\d+)/.exec(document.querySelector("[data-testid=storm-tally]").textContent)[1].replace("once", 1)) >= %s`, n/2)
	}
	a.do(chromedp.Click(hook("storm")))
	for _, p := range []*tab{a, b} {
		p.until(`document.querySelector("[data-testid=connection]").dataset.state === "live"`)
		p.until(`document.querySelectorAll("[data-testid=message] [data-testid=text]").length >= %s`, len(want))
		p.until(`document.querySelector("[data-testid=message]:is([data-state=sending], [data-state=waiting])") === null`)
	}
	wantSame(t, a, b, want)
}
