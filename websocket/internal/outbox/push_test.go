package outbox

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
)

func TestPushWaitsForRoomAndKeepsItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		o.Send([]byte("12345"))
		o.Send([]byte("67890"))
		pushed := make(chan error, 1)
		go func() { pushed <- o.Push(context.Background(), buffer("abc")) }()
		synctest.Wait()
		select {
		case err := <-pushed:
			t.Fatalf("Push did not wait for room: %v", err)
		default:
		}
		s.gate <- nil
		if err := <-pushed; err != nil {
			t.Fatal(err)
		}
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		s.wantWrites(t, "12345", "67890", "abc")
		o.wantIdle(t)
	})
}

func TestAPushThatGivesUpIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		o.Send([]byte("12345"))
		o.Send([]byte("67890"))
		ctx, cancel := context.WithCancel(context.Background())
		pushed := make(chan error, 1)
		go func() { pushed <- o.Push(ctx, buffer("abc")) }()
		synctest.Wait()
		cancel()
		if err := <-pushed; err != context.Canceled {
			t.Fatalf("error %v, want context.Canceled", err)
		}
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		s.wantWrites(t, "12345", "67890")
		wantResult(t, o.Send([]byte("x")), Queued) // and the outbox is as usable as before
		s.gate <- nil
	})
}

func TestAPushLargerThanTheLimitWaitsForAnEmptyQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		o.Send([]byte("12345"))
		o.Send([]byte("67"))
		pushed := make(chan error, 1)
		go func() { pushed <- o.Push(context.Background(), buffer(strings.Repeat("x", 50))) }()
		for range 3 {
			s.gate <- nil
		}
		if err := <-pushed; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		s.wantWrites(t, "12345", "67", strings.Repeat("x", 50))
		o.wantIdle(t)
	})
}

func TestPushReportsTheFailureOfItsOwnWrite(t *testing.T) {
	s := &fakeSink{tryErr: errSink}
	var o Outbox
	o.Init(s, 10, func(error) {})
	if err := o.Push(t.Context(), buffer("x")); err != errSink {
		t.Errorf("Push: %v, want the sink's error", err)
	}
}
