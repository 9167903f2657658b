package protocol

import (
	"bytes"
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
