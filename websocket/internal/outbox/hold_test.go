package outbox

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

func TestFramesThatComeDuringAHoldLeaveInOneWrite(t *testing.T) {
	o, s := newBox(t, 100, plenty)
	o.Hold()
	wantResult(t, o.Send([]byte("a")), Queued)
	wantResult(t, o.SendBuffer(buffer("b")), Queued)
	if err := o.Push(t.Context(), buffer("c")); err != nil {
		t.Fatal(err)
	}
	o.Pong(buffer("P"))
	s.wantWrites(t)
	o.Release()
	s.wantWrites(t, "Pabc")
	o.Release() // of nothing
	o.wantIdle(t)
	wantResult(t, o.Send([]byte("d")), Sent)
}

func TestAHoldThatKeepsNothingWritesNothing(t *testing.T) {
	o, s := newBox(t, 100, plenty)
	o.Hold()
	o.Release()
	s.wantWrites(t)
	o.wantIdle(t)
}

func TestAHoldEndsWhenThereIsEnoughForAWrite(t *testing.T) {
	o, s := newBox(t, plenty, plenty)
	o.Hold()
	small := strings.Repeat("x", pooledBytes-1)
	wantResult(t, o.Send([]byte(small)), Queued)
	wantResult(t, o.Send([]byte("yz")), Sent)
	if got := s.stream(); got != small+"yz" {
		t.Errorf("%d bytes left, want all", len(got))
	}
	o.Release()
	o.wantIdle(t)
}

func TestAHoldEndsWhenTheQueueIsFull(t *testing.T) {
	o, s := newBox(t, 4, plenty)
	o.Hold()
	wantResult(t, o.Send([]byte("abc")), Queued)
	wantResult(t, o.Send([]byte("de")), Sent)
	o.Hold()
	wantResult(t, o.Send([]byte("fgh")), Queued)
	if err := o.Push(t.Context(), buffer("ij")); err != nil {
		t.Fatal(err)
	}
	s.wantWrites(t, "abc", "de", "fgh", "ij")
	o.Release()
	o.wantIdle(t)
}

func TestAnOutboxThatIsWritingIsNotHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 100, 0)
		o.Send([]byte("a"))
		o.Hold()
		o.Send([]byte("b"))
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		s.wantWrites(t, "a", "b")
		o.Release()
		o.wantIdle(t)
	})
}

func TestFinishEndsAHold(t *testing.T) {
	for _, discard := range []bool{false, true} {
		o, s := newBox(t, 100, plenty)
		o.Hold()
		o.Send([]byte("a"))
		o.Finish(buffer("last"), discard)
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		if discard {
			s.wantWrites(t, "last")
		} else {
			s.wantWrites(t, "alast")
		}
		o.Release()
		o.wantIdle(t)
	}
}

func TestAbortEndsAHold(t *testing.T) {
	o, s := newBox(t, 100, plenty)
	o.Hold()
	o.Send([]byte("a"))
	o.Abort(errors.New("aborted"))
	o.Hold() // of a dead outbox
	o.Release()
	s.wantWrites(t)
	o.wantIdle(t)
}

func TestAHeldWriteThatFailsIsReported(t *testing.T) {
	s := &fakeSink{tryErr: errSink}
	var o Outbox
	reported := 0
	o.Init(s, 100, func(error) { reported++ })
	o.Hold()
	o.Send([]byte("a"))
	if err := o.Push(t.Context(), buffer(strings.Repeat("x", pooledBytes))); err != errSink {
		t.Errorf("Push: %v", err)
	}
	o.Release()
	if reported != 1 {
		t.Errorf("%d reports", reported)
	}
}
