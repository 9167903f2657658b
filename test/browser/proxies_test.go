package browser

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/holdfast-dev/holdfast/test/proxies"
)

// follower makes a client that writes down its states and what comes in the channel "chat/proxy".
const follower = `(() => {
	window.got = [];
	window.states = [];
	window.holdfast = new sdk.Holdfast(location.origin);
	holdfast.on("state", state => states.push(state));
	window.channel = holdfast.channel("chat/proxy");
	channel.on("message", ({ data }) => got.push(data));
	for (const type of ["lost", "gap", "error"]) channel.on(type, () => got.push("(" + type + ")"));
	return true;
})()`

// behind opens a page with a client behind a proxy, before the server that the SDK's page has.
func behind(t *testing.T, p *sdkPage, habits proxies.Habits) (*proxies.Proxy, *tab) {
	t.Helper()
	proxy := proxies.Start(t, p.url, habits)
	one := open(t, "http://"+strings.Replace(proxy.Addr(), "127.0.0.1", "localhost", 1)+"/page")
	one.follow()
	return proxy, one
}

// follow waits until the page is there and its client live.
func (p *tab) follow() {
	p.t.Helper()
	p.until(`window.sdk !== undefined`)
	eval[bool](p, follower)
	p.until(`channel.state === "live"`)
}

// wantCarrier checks by what a client is connected.
func (p *tab) wantCarrier(want string) {
	p.t.Helper()
	if got := eval[string](p, `holdfast.transport`); got != want {
		p.t.Errorf("it is carried by %q, want %q", got, want)
	}
}

// publish has the client itself say something, and waits until that is stored.
func (p *tab) publish(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		eval[bool](p, `channel.publish(%s).then(({ offset }) => offset > 0)`, text)
	}
}

func (p *tab) wantGot(want []string) {
	p.t.Helper()
	if got := p.got(len(want)); !slices.Equal(got, want) {
		p.t.Errorf("it got %q, want %q", got, want)
	}
}

func TestWhereAProxyLetsNoWebSocketThroughAStreamCarriesIt(t *testing.T) {
	for _, upgrades := range []proxies.Upgrades{proxies.Strip, proxies.Refuse} {
		p := serveSDK(t, startServer(t))
		proxy, one := behind(t, p, proxies.Habits{Upgrades: upgrades})
		one.wantCarrier("stream")
		p.say(t, "chat/proxy", "from elsewhere")
		one.publish("from here")
		one.wantGot([]string{"from elsewhere", "from here"})
		if opened := proxy.Opened(); !slices.Equal(opened, []string{"stream"}) {
			t.Errorf("what was opened is %q", opened)
		}
	}
}

func TestWhereAProxyHoldsStreamsBackPollsCarryItAlsoAfterAReload(t *testing.T) {
	p := serveSDK(t, startServer(t))
	proxy, one := behind(t, p, proxies.Habits{Upgrades: proxies.Strip, Buffers: true})
	one.wantCarrier("polling")
	p.say(t, "chat/proxy", "from elsewhere")
	one.publish("from here")
	one.wantGot([]string{"from elsewhere", "from here"})

	one.do(chromedp.Reload())
	one.follow()
	one.wantCarrier("polling")
	one.publish("again")
	one.wantGot([]string{"again"})
	if opened := proxy.Opened(); !slices.Equal(opened, []string{"stream", "polls", "polls"}) {
		t.Errorf("what was opened is %q", opened)
	}
}

func TestAProxyThatCutsWhatIsIdleCostsNothing(t *testing.T) {
	const idle = 300 * time.Millisecond
	for _, one := range []struct {
		habits proxies.Habits
		times  int // polls are made again a few times before that counts as a connection that broke
	}{
		{proxies.Habits{Upgrades: proxies.Strip, Idle: idle}, 4},
		{proxies.Habits{Upgrades: proxies.Strip, Buffers: true, Idle: idle}, 1},
	} {
		p := serveSDK(t, startServer(t))
		_, tab := behind(t, p, one.habits)
		for n := range one.times {
			// Nobody says anything until it has been cut.
			tab.until(`states.filter(state => state === "reconnecting").length > %s`, n)
			p.say(t, "chat/proxy", strconv.Itoa(n))
			tab.got(n + 1)
		}
		tab.publish("from here")
		tab.wantGot(append(numbers(0, one.times), "from here"))
	}
}

func TestWhenTheProxyIsGoneItMovesToAWebSocketAndLosesNothing(t *testing.T) {
	for by, habits := range map[string]proxies.Habits{
		"stream":  {Upgrades: proxies.Strip},
		"polling": {Upgrades: proxies.Strip, Buffers: true},
	} {
		p := serveSDK(t, startServer(t))
		proxy, one := behind(t, p, habits)
		one.wantCarrier(by)
		proxy.Be(proxies.Habits{})
		eval[bool](one, `(holdfast.on("welcome", () => got.push("(" + holdfast.transport + ")")), true)`)
		for n := range 40 {
			if n == 10 {
				eval[bool](one, `dispatchEvent(new Event("online"))`) // as on another network
			}
			p.say(t, "chat/proxy", strconv.Itoa(n))
		}
		one.until(`got.includes("(websocket)")`)
		one.publish("from here")
		got := slices.DeleteFunc(one.got(42), func(s string) bool { return s == "(websocket)" })
		if want := append(numbers(0, 40), "from here"); !slices.Equal(got, want) {
			t.Errorf("it got %q, want %q", got, want)
		}
		if states := eval[[]string](one, `states`); !slices.Equal(states, []string{"live"}) {
			t.Errorf("it was %q", states)
		}
		one.do(chromedp.Reload())
		one.follow()
		one.wantCarrier("websocket")
	}
}

func TestWithoutANetworkAStreamEndsAndComesBackWithWhatWasMissed(t *testing.T) {
	p := serveSDK(t, startServer(t))
	proxy, one := behind(t, p, proxies.Habits{Upgrades: proxies.Strip})
	p.say(t, "chat/proxy", "before")
	one.got(1)
	one.waitLong()
	one.online(false)
	proxy.Cut()
	one.until(`channel.state === "reconnecting"`)
	eval[bool](one, `(window.stored = channel.publish("on the train"), true)`)
	p.say(t, "chat/proxy", "at home")
	one.online(true)
	eval[bool](one, `stored.then(() => true)`)
	one.wantGot([]string{"before", "at home", "on the train"})
}

func TestTabsShareOneStream(t *testing.T) {
	p := serveSDK(t, startServer(t))
	proxy := proxies.Start(t, p.url, proxies.Habits{Upgrades: proxies.Strip})
	through := &sdkPage{url: "http://" + strings.Replace(proxy.Addr(), "127.0.0.1", "localhost", 1)}
	a, b := openSharer(t, through, "{}"), openSharer(t, through, "{}")
	a.wantCarrier("stream")
	b.wantCarrier("stream")
	eval[bool](a, `channel.publish("from a").then(() => true)`)
	eval[bool](b, `channel.publish("from b").then(() => true)`)
	for _, one := range []*tab{a, b} {
		one.wantGot([]string{"from a", "from b"})
	}
	a.close()
	eval[bool](b, `channel.publish("still here").then(() => true)`)
	b.wantGot([]string{"from a", "from b", "still here"})
	if opened := proxy.Opened(); !slices.Equal(opened, []string{"stream", "stream"}) {
		t.Errorf("what was opened is %q", opened)
	}
}

func TestTheChatWorksWithoutAWebSocketAndSaysSoQuietly(t *testing.T) {
	s := startServer(t)
	proxy := proxies.Start(t, s.page, proxies.Habits{Upgrades: proxies.Strip})
	a := open(t, "http://"+strings.Replace(proxy.Addr(), "127.0.0.1", "localhost", 1))
	b := open(t, s.page)
	a.ready("Ada")
	b.ready("Grace")
	a.say("no WebSocket here")
	b.sees("no WebSocket here")
	b.say("but I have one")
	a.sees("but I have one")
	scheme := func(p *tab) string {
		return eval[string](p, `document.querySelector("#connection-scheme").textContent`)
	}
	if a, b := scheme(a), scheme(b); a != "http" || b != "wss" {
		t.Errorf("the pages say %q and %q", a, b)
	}
}
