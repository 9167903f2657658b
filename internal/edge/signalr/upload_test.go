package signalr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
)

// gathers returns a call of the backend with a stream of its own, and an item of it.
func gathers(id string, item hubproto.Value) []hubproto.Message {
	call := invocation(id, "Echo")
	call.Streams = []string{"s" + id}
	return []hubproto.Message{call, &hubproto.StreamItem{ID: "s" + id, Item: item}}
}

func TestWhatStreamsBringForTheBackendIsBoundedForAConnection(t *testing.T) {
	e := startAsking(t, Config{}, calls(nil))
	p := e.connect("", hubproto.InJSON)
	item := hubproto.Text(strings.Repeat("x", testLimit-100))
	fit := maxGatheredBytes / testLimit
	for i := range fit {
		p.send(gathers(fmt.Sprint(i), item)...)
	}
	p.send(gathers("a", item)...)
	p.send(gathers("b", item)...)
	if _, failed := p.completed("b"); !strings.HasPrefix(failed, "too_many: ") {
		t.Errorf("beyond the bound: %q", failed)
	}
	for i := range fit {
		p.send(&hubproto.Completion{ID: fmt.Sprintf("s%d", i)})
		if result, failed := p.completed(fmt.Sprint(i)); len(result) < testLimit-100 || failed != "" {
			t.Fatalf("call %d: %d bytes, %q", i, len(result), failed)
		}
	}
	p.send(append(gathers("c", item), &hubproto.Completion{ID: "sc"})...)
	if _, failed := p.completed("c"); failed != "" {
		t.Errorf("when others have ended: %q", failed)
	}
}

func TestBytesInAStreamStayWhatTheyWere(t *testing.T) {
	e := startAsking(t, Config{}, calls(nil))
	p := e.connect("", hubproto.InMessagePack)
	p.send(gathers("1", hubproto.Binary([]byte("first")))...)
	for range 10 { // which would come to lie where the first has been
		p.send(&hubproto.StreamItem{ID: "s1", Item: hubproto.Binary([]byte("other"))})
	}
	p.send(&hubproto.Completion{ID: "s1"})
	want := `[["Zmlyc3Q="` + strings.Repeat(`,"b3RoZXI="`, 10) + `]]`
	if result, failed := p.completed("1"); result != want {
		t.Errorf("%s, %q", result, failed)
	}
}
