package outbox

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestDrainedReturnsAtOnceWhenNothingWaits(t *testing.T) {
	o, _ := newBox(t, 10, plenty)
	if err := o.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.Send([]byte("12345"))
	if err := o.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestDrainedWaitsUntilEverythingHasLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		o.Send([]byte("1234"))
		o.Send([]byte("56789"))
		waited := make(chan error, 1)
		go func() { waited <- o.Drained(context.Background()) }()
		synctest.Wait()
		wantWaiting(t, waited)
		s.gate <- nil
		synctest.Wait()
		wantWaiting(t, waited)
		s.gate <- nil
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
		o.wantIdle(t)
	})
}

func TestDrainedCountsWhatWaitsBehindAStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, _ := newBox(t, 10, plenty)
		if err := o.BeginStream(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.Send([]byte("123456"))
		waited := make(chan error, 1)
		go func() { waited <- o.Drained(context.Background()) }()
		synctest.Wait()
		wantWaiting(t, waited)
		o.EndStream()
		if err := <-waited; err != nil {
			t.Fatal(err)
		}
	})
}

func TestDrainedEndsWithItsContextAndWithTheOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		o.Send([]byte("1234567890"))
		ctx, cancel := context.WithCancel(context.Background())
		waited := make(chan error, 1)
		await := func(ctx context.Context) { waited <- o.Drained(ctx) }
		go await(ctx)
		synctest.Wait()
		cancel()
		if err := <-waited; err != context.Canceled {
			t.Errorf("got %v, want the context's error", err)
		}
		go await(context.Background())
		synctest.Wait()
		o.Finish(buffer("last"), false)
		if err := <-waited; err != ErrFinished {
			t.Errorf("got %v, want ErrFinished", err)
		}
		gone := errors.New("gone")
		o.Abort(gone)
		if err := o.Drained(context.Background()); err != gone {
			t.Errorf("got %v, want the error that killed the outbox", err)
		}
		s.gate <- gone
		o.Wait()
	})
}

func wantWaiting(t *testing.T, waited <-chan error) {
	t.Helper()
	select {
	case err := <-waited:
		t.Fatalf("Drained did not wait: %v", err)
	default:
	}
}
