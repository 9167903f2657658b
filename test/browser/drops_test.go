package browser

import (
	"slices"
	"strconv"
	"strings"
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
		p.shows(len(want))
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

// talk lets a tab say one thing after another, as a reader would who never rests, and watches that nothing is shown twice.
func (p *tab) talk(name string) {
	p.t.Helper()
	eval[bool](p, `(() => {
		const find = (name) => document.querySelector("[data-testid=" + name + "]");
		const texts = () => [...document.querySelectorAll("[data-testid=message] [data-testid=text]")].map(e => e.textContent);
		window.said = [];
		window.shownTwice = [];
		new MutationObserver(() => shownTwice.push(...texts().filter((text, at, all) => all.indexOf(text) < at)))
			.observe(find("log"), {childList: true});
		window.talking = setInterval(() => {
			const text = %s + " says " + said.length;
			find("composer").value = text;
			find("send").click();
			if (find("composer").value === "") said.push(text);
		}, 100);
		return true;
	})()`, name)
}

// hush ends that and returns what was said.
func (p *tab) hush() []string {
	p.t.Helper()
	if twice := eval[[]string](p, `shownTwice`); len(twice) > 0 {
		p.t.Errorf("shown twice: %q", twice)
	}
	return eval[[]string](p, `(clearInterval(talking), said)`)
}

// shows waits until a tab shows so many messages, and that each of its own is delivered.
func (p *tab) shows(messages int) {
	p.t.Helper()
	p.until(`document.querySelectorAll("[data-testid=message] [data-testid=text]").length >= %s`, messages)
	p.until(`document.querySelector("[data-testid=message]:is([data-state=sending], [data-state=waiting])") === null`)
}

func TestTwoWhoTalkOnMissNothingOfAServerThatIsKilledAgainAndAgain(t *testing.T) {
	s := startServer(t)
	a, b := open(t, s.page+"/?room=talk"), open(t, s.page+"/?room=talk")
	a.ready("Ada")
	b.ready("Grace")
	a.talk("Ada")
	b.talk("Grace")
	for n := range 3 {
		for _, p := range []*tab{a, b} {
			p.until(`document.querySelectorAll("[data-testid=message][data-state=delivered]").length >= %s`, 10*(n+1))
		}
		if err := s.kill(); err != nil {
			t.Fatal(err)
		}
		a.until(`document.querySelector("[data-testid=connection]").dataset.state !== "live"`)
		if err := s.restart(); err != nil {
			t.Fatal(err)
		}
	}
	want := append(a.hush(), b.hush()...)
	for _, p := range []*tab{a, b} {
		p.is("live")
		p.shows(len(want))
	}
	wantSame(t, a, b, want)
}

func TestInAStormNothingIsLostAndNothingComesTwice(t *testing.T) {
	s := startServer(t)
	a, b := open(t, s.page+"/?room=storm"), open(t, s.page+"/?room=storm")
	a.ready("Ada")
	b.ready("Grace")
	for name, p := range map[string]*tab{"Ada": a, "Grace": b} {
		p.do(chromedp.Click(hook("storm")))
		p.talk(name)
	}
	for _, p := range []*tab{a, b} {
		p.until(`/Cut [2-9] times/.test(document.querySelector("[data-testid=storm-tally]").textContent)`)
	}
	want := append(a.hush(), b.hush()...)
	for _, p := range []*tab{a, b} { // while it storms
		p.shows(len(want))
		if tally := eval[string](p, `document.querySelector("[data-testid=storm-tally]").textContent`); !strings.HasSuffix(tally, "Lost: none.") {
			t.Errorf("the page says %q", tally)
		}
	}
	wantSame(t, a, b, want)
}
