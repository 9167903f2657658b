package browser

import (
	_ "embed"
	"slices"
	"testing"
)

//go:embed testdata/socket.js
var socketScript string

func TestHoldfastSocketIsSeenToDoWhatAWebSocketDoes(t *testing.T) {
	s := startServer(t)
	p := open(t, serveSDK(t, s).url+"/page")
	p.until(`window.sdk !== undefined`)
	trace := func(class string) []string {
		return eval[[]string](p, `(`+socketScript+`)(`+class+`, %s)`, class)
	}
	bare, ours := trace("WebSocket"), trace("sdk.HoldfastSocket")
	if len(bare) < 100 {
		t.Fatalf("a WebSocket was seen to do %d things only: %q", len(bare), bare)
	}
	for i := range max(len(bare), len(ours)) {
		if want, got := at(bare, i), at(ours, i); want != got {
			t.Errorf("step %d: a WebSocket did %q, HoldfastSocket %q", i, want, got)
		}
	}
}

// at returns a step of a trace, or that there is none.
func at(trace []string, i int) string {
	if i < len(trace) {
		return trace[i]
	}
	return "nothing more"
}

func TestHoldfastSocketTakesThePlaceOfWebSocket(t *testing.T) {
	s := startServer(t)
	p := open(t, serveSDK(t, s).url+"/page")
	p.until(`window.sdk !== undefined`)
	got := eval[[]string](p, `(async () => {
		window.WebSocket = sdk.HoldfastSocket;
		const socket = new WebSocket("/channels/place");
		const heard = [];
		await new Promise(done => {
			socket.onopen = () => socket.send("by another name");
			socket.onmessage = ({data}) => { heard.push(data); socket.close(); };
			socket.onclose = ({code, wasClean}) => { heard.push(code + " " + wasClean); done(); };
		});
		return heard;
	})()`)
	if want := []string{"by another name", "1005 true"}; !slices.Equal(got, want) {
		t.Errorf("it heard %q, want %q", got, want)
	}
}
