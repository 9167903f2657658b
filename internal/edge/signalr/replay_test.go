package signalr

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
)

// trackedMessage is any message that counts.
func trackedMessage() *hubproto.Invocation { return invocation("", "m") }

func TestIncomingMessagesAreTakenOnceInOrderHoweverOftenTheyAreSentAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := incoming{counts: true, next: 1}
		var got []int
		sent := rapid.IntRange(1, 40).Draw(t, "sent")
		upTo := 0 // what has been sent once
		at := 0   // the next one on the link
		for upTo < sent || at < upTo {
			if rapid.IntRange(0, 5).Draw(t, "cut") == 0 { // a new link, from a place that the server may have acknowledged
				in.restart()
				at = rapid.IntRange(0, int(in.taken)).Draw(t, "from")
				if _, err := in.take(&hubproto.Sequence{Sequence: uint64(at) + 1}); err != nil {
					t.Fatal(err)
				}
			}
			run, err := in.take(trackedMessage())
			if err != nil {
				t.Fatal(err)
			}
			if run {
				got = append(got, at)
			}
			at++
			upTo = max(upTo, at)
		}
		for i, n := range got {
			if n != i {
				t.Fatalf("taken: %v", got)
			}
		}
		if len(got) != upTo {
			t.Fatalf("%d of %d taken", len(got), upTo)
		}
	})
}

func TestASequenceThatLeavesAHoleIsAFault(t *testing.T) {
	in := incoming{counts: true, next: 1}
	in.restart()
	if _, err := in.take(trackedMessage()); err == nil {
		t.Error("a message before the sequence is taken")
	}
	for _, n := range []uint64{0, 2} {
		if _, err := in.take(&hubproto.Sequence{Sequence: n}); err == nil {
			t.Errorf("a sequence of %d is taken when nothing has come", n)
		}
	}
}

func TestWhatHasNotBeenAcknowledgedIsKept(t *testing.T) {
	k := newKept(1000)
	one := newParcel(hubproto.InJSON, trackedMessage())
	two := newParcel(hubproto.InJSON, trackedMessage(), trackedMessage())
	k.add(one)
	k.add(two)
	k.add(one)
	var firsts []uint64
	for _, upTo := range []uint64{0, 1, 2, 3, 99} {
		k.drop(upTo)
		firsts = append(firsts, k.first())
	}
	if want := []uint64{1, 2, 2, 4, 5}; !reflect.DeepEqual(firsts, want) {
		t.Errorf("sent again from %v, want %v", firsts, want)
	}
	if k.bytes != 0 || len(k.parcels) != 0 {
		t.Errorf("%d bytes in %d parcels are left", k.bytes, len(k.parcels))
	}
}

func TestAConnectionGoesOnWithAnotherWebSocket(t *testing.T) {
	e := start(t, Config{})
	query := "?id=" + e.negotiated("&useStatefulReconnect=true")
	p := e.connect(query, hubproto.InJSON)
	p.send(invocation("1", "Subscribe", `"kept/a"`))
	acked := false
	for range 2 { // in either order
		switch m := p.receive().(type) {
		case *hubproto.Ack:
			acked = m.Sequence == 1
		case *hubproto.Completion:
		default:
			t.Errorf("got %+v", m)
		}
	}
	if !acked {
		t.Error("the first message is not acknowledged")
	}
	p.ws.CloseNow()
	other := e.connect("", hubproto.InJSON)
	for i := range 3 {
		other.send(invocation("1", "Publish", `"kept/a"`, `"m`+string(rune('0'+i))+`"`))
		other.completed("1")
	}
	again := e.dial(query)
	if got := again.frame(); got != `{"type":9,"sequenceId":1}` {
		t.Fatalf("got %s; want the sequence", got)
	}
	again.send(&hubproto.Sequence{Sequence: 2})
	if m, ok := again.receive().(*hubproto.Completion); !ok || m.ID != "1" {
		t.Errorf("got %+v; want the answer once more", m)
	}
	for i := range 3 {
		if got := again.frame(); !strings.Contains(got, `"m`+string(rune('0'+i))+`"`) {
			t.Errorf("got %s", got)
		}
	}
	again.send(&hubproto.Ack{Sequence: 4}, invocation("2", "Unsubscribe", `"kept/a"`))
	again.completed("2")
	again.ws.CloseNow()
	third := e.dial(query)
	if got := third.frame(); got != `{"type":9,"sequenceId":5}` {
		t.Errorf("got %s; what has been acknowledged is not sent again", got)
	}
}
