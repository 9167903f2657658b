package browser

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// call sends a command of the browser's own protocol.
func call[P, R any](p *tab, command cdp.Command[P, R], params P) {
	p.t.Helper()
	p.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, command, params)
		return chromedp.Void{}, err
	})
}

// freeze stops a page, hidden, as the browser of a phone does with one that was left.
func (p *tab) freeze() {
	p.t.Helper()
	call(p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: "frozen"})
}

// hide makes a page one that runs and is not seen, as another tab in front of it does. Its chat is connected then.
func (p *tab) hide() {
	p.t.Helper()
	eval[bool](p, `(document.addEventListener("resume", () => { window.resumed = true }), true)`)
	p.freeze() // what runs again behind that is still hidden
	call(p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: "active"})
	p.until(`document.visibilityState === "hidden" && window.resumed`)
	p.is("live")
}

// show makes a hidden or frozen page one that is seen.
func (p *tab) show() {
	p.t.Helper()
	call(p, page.SetWebLifecycleState, page.SetWebLifecycleStateParams{State: "active"})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.until(`document.visibilityState === "visible"`)
}

// online tells a page whether there is a network.
func (p *tab) online(online bool) {
	p.t.Helper()
	call(p, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: !online, DownloadThroughput: -1, UploadThroughput: -1})
}

// is waits until the chat of a tab says that its connection is in a state.
func (p *tab) is(state string) {
	p.t.Helper()
	p.until(`document.querySelector("[data-testid=connection]").dataset.state === %s`, state)
}

// waitLong lets a page wait for hours from one attempt to the next, so that only an event can bring it back.
func (p *tab) waitLong() {
	p.t.Helper()
	eval[bool](p, `(Math.random = () => 1e6, true)`)
}

// overAWire opens the same room twice: over a network that can fail, and directly.
func overAWire(t *testing.T) (w *wire, a, b *tab) {
	s := startServer(t)
	w = through(t, s)
	a, b = open(t, w.page), open(t, s.page)
	a.ready("Ada")
	b.ready("Grace")
	return w, a, b
}

func TestAPageThatIsSeenAgainNoticesAtOnceThatItsConnectionIsDead(t *testing.T) {
	w, a, b := overAWire(t)
	a.hide()
	w.silence()
	b.say("said while nobody looked")
	a.show()
	a.sees("said while nobody looked") // well before the 45 s in which pings would tell
	a.say("I am here")
	b.sees("I am here")
}

func TestAPageThatIsSeenAgainDoesNotWaitForItsNextAttempt(t *testing.T) {
	w, a, b := overAWire(t)
	a.hide()
	a.waitLong()
	w.cut()
	a.is("reconnecting")
	b.say("said while nobody looked")
	w.mend()
	a.show()
	a.sees("said while nobody looked")
	a.is("live")
}

func TestAPageThatWasFrozenCatchesUp(t *testing.T) {
	w, a, b := overAWire(t)
	a.freeze()
	w.cut()
	b.say("one")
	b.say("two")
	b.until(`document.querySelectorAll("[data-testid=message][data-state=delivered]").length === 2`)
	w.mend()
	a.show()
	a.sees("two")
	wantSame(t, a, b, []string{"one", "two"})
}

func TestWithoutANetworkThePageSaysSoAndComesBackWhenItReturns(t *testing.T) {
	w, a, b := overAWire(t)
	a.waitLong()
	a.online(false)
	w.cut()
	a.is("reconnecting")
	a.say("said on the train")
	a.until(`document.querySelector("[data-testid=message][data-state=waiting]") !== null`)
	b.say("said at home")
	w.mend()
	a.online(true)
	b.sees("said on the train")
	a.sees("said at home")
	a.is("live")
	wantSame(t, a, b, []string{"said at home", "said on the train"})
}
