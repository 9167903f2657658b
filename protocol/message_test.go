package protocol

import (
	"bytes"
	"slices"
	"testing"
)

func TestAPreparedMessageIsThePushOfEachSubscription(t *testing.T) {
	for _, g := range goldens {
		m, ok := g.push.(*Message)
		if !ok {
			continue
		}
		for _, e := range encodings {
			prepared := e.Prepare(m)
			for _, sub := range []uint64{1, 127, 128, 70000, MaxWhole} {
				of := *m
				of.Sub = sub
				want := e.AppendPush([]byte("before"), &of)
				got := prepared.Append([]byte("before"), sub)
				if !bytes.Equal(got, want) {
					t.Errorf("%s for %d in %v is\n%q\nwant\n%q", g.name, sub, e, got, want)
				}
				if len(got)-len("before") > prepared.Len() {
					t.Errorf("%s for %d in %v has %d bytes, not at most %d", g.name, sub, e, len(got)-len("before"), prepared.Len())
				}
			}
		}
	}
}

func TestAppendingAPreparedMessageAllocatesNothing(t *testing.T) {
	for _, e := range encodings {
		prepared := e.Prepare(&Message{Offset: 1, Payload: Text("hello")})
		buf := make([]byte, 0, prepared.Len())
		if n := testing.AllocsPerRun(100, func() { prepared.Append(buf, 9) }); n != 0 {
			t.Errorf("%v: %v allocations", e, n)
		}
	}
}

func TestPreparedMessagesShareAnArray(t *testing.T) {
	for _, e := range encodings {
		var prepared []Prepared
		var pushes [][]byte
		for n := range 20 {
			m := &Message{Sub: 9, Offset: uint64(n + 1), Payload: Text("hello")}
			prepared, pushes = append(prepared, e.Prepare(m)), append(pushes, e.AppendPush(nil, m))
			got, want := e.AppendMessages(nil, 9, prepared...), e.Join(nil, pushes...)
			if !bytes.Equal(got, want) {
				t.Errorf("%d messages in %v are\n%q\nwant\n%q", n+1, e, got, want)
			}
		}
	}
}

func TestAMessageBearsWhatItsPublisherSaysOfIt(t *testing.T) {
	for _, e := range encodings {
		m := &Message{Sub: 1, Payload: Text("21.5"), Meta: []string{"unit", "C", "unit", "K"}}
		items, fault := e.DecodeServer(e.AppendPush(nil, m))
		if fault != nil || len(items) != 1 {
			t.Fatalf("%v: %v", e, fault)
		}
		if got := items[0].Push.(*Message); !slices.Equal(got.Meta, m.Meta) {
			t.Errorf("%v: it came with %q", e, got.Meta)
		}
	}
}
