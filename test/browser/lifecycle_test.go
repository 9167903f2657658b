package browser

import (
	"slices"
	"testing"
	"time"
)

const pollEvery = 20 * time.Millisecond

// recorder opens a bare WebSocket named by its first argument and writes down every event it sees,
// in order, as strings.
const recorder = `(() => {
	const log = window[%[1]s + "Log"] = [];
	const ws = window[%[1]s] = new WebSocket(%[2]s);
	const say = (...words) => log.push(words.join(" "));
	ws.onopen = () => say("open", ws.readyState);
	ws.onerror = () => say("error");
	ws.onclose = e => say("close", e.wasClean, e.code, e.reason);
	ws.onmessage = async e => {
		if (typeof e.data === "string") say("message text", e.data);
		else if (e.data instanceof ArrayBuffer) say("message ArrayBuffer", new Uint8Array(e.data));
		else {
			const i = log.push("") - 1; // keep the place while the Blob is read
			log[i] = "message Blob " + new Uint8Array(await e.data.arrayBuffer());
		}
	};
	return true;
})()`

// connect opens a recorded WebSocket on a channel of s.
func (p *tab) connect(name string, s *server, channel string) {
	p.t.Helper()
	eval[bool](p, recorder, name, "wss"+s.page[len("https"):]+"/channels/"+channel)
}

// wantLog waits until a WebSocket has seen these events and nothing else.
func (p *tab) wantLog(name string, want ...string) {
	p.t.Helper()
	p.until(`window[%[1]s + "Log"].length >= %[2]s && window[%[1]s + "Log"].every(e => e !== "")`, name, len(want))
	if got := eval[[]string](p, `window[%s + "Log"]`, name); !slices.Equal(got, want) {
		p.t.Errorf("%s saw %q, want %q", name, got, want)
	}
}

func TestABareWebSocketCarriesTextArrayBufferAndBlobBetweenTabs(t *testing.T) {
	s := startServer(t)
	a, b := open(t, s.page+"/"), open(t, s.page+"/")
	a.connect("ws", s, "test?echo=false")
	b.connect("ws", s, "test?echo=false")
	a.wantLog("ws", "open 1")
	b.wantLog("ws", "open 1")

	eval[bool](a, `(ws.send("naïve 日本 🧭"), true)`)
	eval[bool](a, `(ws.send(new Uint8Array([0, 255, 1]).buffer), true)`)
	eval[bool](a, `(ws.send(new Blob([new Uint8Array([2, 254])])), true)`)
	b.wantLog("ws", "open 1", "message text naïve 日本 🧭", "message Blob 0,255,1", "message Blob 2,254")

	eval[bool](a, `(ws.binaryType = "arraybuffer", true)`)
	eval[bool](b, `(ws.send(new Uint8Array([7, 8])), true)`)
	eval[bool](b, `(ws.send(""), true)`)
	a.wantLog("ws", "open 1", "message ArrayBuffer 7,8", "message text ")
}

func TestANormalCloseIsClean(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	p.connect("ws", s, "test")
	p.wantLog("ws", "open 1")
	eval[bool](p, `(ws.close(1000, "done here"), true)`)
	p.wantLog("ws", "open 1", "close true 1000 done here")

	p.connect("bare", s, "test")
	p.wantLog("bare", "open 1")
	eval[bool](p, `(bare.close(), true)`)
	p.wantLog("bare", "open 1", "close true 1005 ")

	p.connect("own", s, "test")
	p.wantLog("own", "open 1")
	eval[bool](p, `(own.close(4321, "our own code"), true)`)
	p.wantLog("own", "open 1", "close true 4321 our own code")
}

func TestAServerThatShutsDownSaysGoingAway(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	p.connect("ws", s, "test")
	p.wantLog("ws", "open 1")
	if err := s.stop(); err != nil {
		t.Errorf("the command ended with %v", err)
	}
	p.wantLog("ws", "open 1", "close true 1001 the server is shutting down")
}

func TestAKilledServerIsSeenAsAnAbnormalClose(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	p.connect("ws", s, "test")
	p.wantLog("ws", "open 1")
	if err := s.kill(); err != nil {
		t.Fatal(err)
	}
	p.wantLog("ws", "open 1", "close false 1006 ")
}

func TestARefusedHandshakeIsAnErrorAndNeverOpens(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	p.connect("ws", s, "bad//name")
	p.wantLog("ws", "error", "close false 1006 ")
}

func TestAMessageOverTheLimitIsClosedWithItsReason(t *testing.T) {
	s := startServer(t)
	p := open(t, s.page+"/")
	p.connect("ws", s, "test")
	p.wantLog("ws", "open 1")
	// One byte too many: of a much larger message a part would not have left when the close frame
	// comes, and Chromium calls no end clean that leaves something unsent.
	eval[bool](p, `(ws.send(new Uint8Array((1 << 20) + 1)), true)`)
	p.wantLog("ws", "open 1", "close true 1009 message is larger than the limit of 1048576 bytes")
}
