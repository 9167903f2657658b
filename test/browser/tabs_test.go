package browser

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// sharer makes a client that shares its connection, and writes down what comes in the channel "chat/tabs".
const sharer = `(() => {
	window.got = [];
	window.states = [];
	window.holdfast = new sdk.Holdfast(location.origin, { tabs: sdk.shared("", %[2]s) });
	holdfast.on("state", state => states.push(state));
	window.channel = holdfast.channel("chat/tabs", %[1]s);
	channel.on("message", ({ data }) => got.push(data));
	return true;
})()`

// openSharer opens a tab with a client that begins where the JavaScript object says.
func openSharer(t *testing.T, p *sdkPage, where string) *tab {
	t.Helper()
	return openWith(t, p, where, "undefined")
}

func openWith(t *testing.T, p *sdkPage, where, worker string) *tab {
	t.Helper()
	one := open(t, p.url+"/page")
	one.until(`window.sdk !== undefined`)
	eval[bool](one, fmt.Sprintf(sharer, where, worker))
	one.until(`channel.state === "live"`)
	return one
}

// got waits until a tab has got so many messages, and returns them.
func (p *tab) got(n int) []string {
	p.t.Helper()
	p.until(`got.length >= %s`, n)
	return eval[[]string](p, `got`)
}

// close closes a tab as its user would.
func (p *tab) close() {
	p.t.Helper()
	if err := chromedp.Cancel(p.ctx); err != nil {
		p.t.Fatal(err)
	}
}

// wantSockets waits until so many connections are there, of so many that were ever made.
func wantSockets(t *testing.T, p *sdkPage, open, dialled int) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for range time.Tick(pollEvery) {
		o, d := p.sockets()
		if o == open && d == dialled {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there are %d connections of %d that were made, want %d of %d", o, d, open, dialled)
		}
	}
}

func numbers(from, to int) (texts []string) {
	for n := from; n < to; n++ {
		texts = append(texts, strconv.Itoa(n))
	}
	return texts
}

func TestTabsShareOneConnection(t *testing.T) {
	p := serveSDK(t, startServer(t))
	a, b := openSharer(t, p, "{}"), openSharer(t, p, "{}")
	wantSockets(t, p, 1, 1)
	eval[bool](a, `channel.publish("from a").then(({ offset }) => offset > 0)`)
	eval[bool](b, `channel.publish("from b").then(({ offset }) => offset > 0)`)
	p.say(t, "chat/tabs", "from elsewhere")
	want := []string{"from a", "from b", "from elsewhere"}
	for _, one := range []*tab{a, b} {
		if got := one.got(3); !slices.Equal(got, want) {
			t.Errorf("a tab got %q, want %q", got, want)
		}
	}
	const session = `holdfast.welcome.session.id`
	if a, b := eval[string](a, session), eval[string](b, session); a != b {
		t.Errorf("the tabs have the sessions %q and %q", a, b)
	}
	c := openSharer(t, p, "{ last: 2 }")
	if got := c.got(2); !slices.Equal(got, want[1:]) {
		t.Errorf("a tab that came later got %q, want %q", got, want[1:])
	}
	for _, one := range []*tab{c, b, a} {
		wantSockets(t, p, 1, 1)
		one.close()
	}
	wantSockets(t, p, 0, 1)
}

func TestTheTabWithTheConnectionIsClosedInMidStream(t *testing.T) {
	p := serveSDK(t, startServer(t))
	a, b, c := openSharer(t, p, "{}"), openSharer(t, p, "{}"), openSharer(t, p, "{}")
	session := eval[string](b, `holdfast.welcome.session.id`)
	for _, text := range numbers(0, 40) {
		if text == "20" {
			a.close()
		}
		p.say(t, "chat/tabs", text)
	}
	for _, one := range []*tab{b, c} {
		if got := one.got(40); !slices.Equal(got, numbers(0, 40)) {
			t.Errorf("a tab that stays got %q", got)
		}
		if again := eval[string](one, `holdfast.welcome.session.id`); again != session {
			t.Errorf("the session %q became %q", session, again)
		}
	}
	wantSockets(t, p, 1, 2)
	late := openSharer(t, p, `{ last: 40 }`)
	if got := late.got(40); !slices.Equal(got, numbers(0, 40)) {
		t.Errorf("a tab that came later got %q", got)
	}
	eval[bool](late, `channel.publish("40").then(() => true)`)
	if got := b.got(41); got[40] != "40" {
		t.Errorf("what the late tab said came as %q", got[40])
	}
	wantSockets(t, p, 1, 2)
}

func TestACrashedTabLeavesTheConnectionToAnother(t *testing.T) {
	p := serveSDK(t, startServer(t))
	a, b := openSharer(t, p, "{}"), openSharer(t, p, "{}")
	ctx, cancel := context.WithCancel(a.ctx)
	var asked sync.WaitGroup
	asked.Go(func() { chromedp.Call(ctx, page.Crash, cdp.Empty{}) }) // there is nobody left to answer
	defer asked.Wait()
	defer cancel()
	wantSockets(t, p, 1, 2)
	for _, text := range numbers(0, 10) {
		p.say(t, "chat/tabs", text)
	}
	if got := b.got(10); !slices.Equal(got, numbers(0, 10)) {
		t.Errorf("the tab that is there got %q", got)
	}
}

func TestAFrozenTabGivesTheConnectionAway(t *testing.T) {
	p := serveSDK(t, startServer(t))
	a, b := openSharer(t, p, "{}"), openSharer(t, p, "{}")
	freeze := func(state page.SetWebLifecycleStateState) {
		t.Helper()
		if _, err := chromedp.Call(a.ctx, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: state}); err != nil {
			t.Fatal(err)
		}
	}
	freeze(page.SetWebLifecycleStateStateFrozen)
	for _, text := range numbers(0, 10) {
		p.say(t, "chat/tabs", text)
	}
	if got := b.got(10); !slices.Equal(got, numbers(0, 10)) {
		t.Errorf("the tab that is not frozen got %q", got)
	}
	freeze(page.SetWebLifecycleStateStateActive)
	if got := a.got(10); !slices.Equal(got, numbers(0, 10)) {
		t.Errorf("the tab that was frozen got %q", got)
	}
	wantSockets(t, p, 1, 2)
}

func TestASharedWorkerHasTheConnectionOfTabsThatComeAndGo(t *testing.T) {
	p := serveSDK(t, startServer(t))
	const worker = `name => new SharedWorker("/hub.js", { type: "module", name })`
	a, b := openWith(t, p, "{}", worker), openWith(t, p, "{}", worker)
	for _, text := range numbers(0, 20) {
		if text == "10" {
			a.close()
		}
		p.say(t, "chat/tabs", text)
	}
	if got := b.got(20); !slices.Equal(got, numbers(0, 20)) {
		t.Errorf("the tab that stays got %q", got)
	}
	if states := eval[[]string](b, `states`); !slices.Equal(states, []string{"live"}) {
		t.Errorf("the tab that stays was %q", states)
	}
	wantSockets(t, p, 1, 1)
}
