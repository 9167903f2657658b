package outbox

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func TestFinishLetsWhatWaitsLeaveFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		o.Send([]byte("12345"))
		o.Send([]byte("67890"))
		o.Pong(buffer("P"))
		o.Finish(buffer("last"), false) // beyond the limit, but it must fit
		wantResult(t, o.Send([]byte("x")), Closed)
		o.Pong(buffer("Q"))
		flushed := make(chan error, 1)
		go func() { flushed <- o.Flush() }()
		synctest.Wait()
		select {
		case err := <-flushed:
			t.Fatalf("flushed too soon: %v", err)
		default:
		}
		s.gate <- nil
		s.gate <- nil
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		s.wantWrites(t, "12345", "P67890last")
		o.wantIdle(t)
	})
}

func TestFinishWithDiscardFollowsTheFrameBeingWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 2)
		o.Send([]byte("12345"))
		o.SendBuffer(buffer("67890"))
		o.Pong(buffer("P"))
		o.Finish(buffer("last"), true)
		s.gate <- nil
		s.gate <- nil
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		s.wantWrites(t, "12", "345", "last")
		o.wantIdle(t)
	})
}

func TestFinishOfAnIdleOutboxIsWrittenAtOnce(t *testing.T) {
	o, s := newBox(t, 10, plenty)
	o.Finish(buffer("last"), false)
	o.Finish(buffer("second"), false)
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	s.wantWrites(t, "last")
	if err := o.Push(t.Context(), buffer("x")); err != ErrFinished {
		t.Errorf("Push after Finish: %v", err)
	}
	o.wantIdle(t)
}

func TestFinishWakesThosePushingInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 4, 0)
		o.Send([]byte("1"))
		o.Send([]byte("234"))
		pushed := make(chan error, 2)
		for range 2 {
			go func() { pushed <- o.Push(context.Background(), buffer("x")) }()
		}
		synctest.Wait()
		o.Finish(buffer("last"), false)
		for range 2 {
			if err := <-pushed; err != ErrFinished {
				t.Errorf("Push: %v, want ErrFinished", err)
			}
		}
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		s.wantWrites(t, "1", "234last")
	})
}

func TestFlushWaitsForAFinishThatIsAboutToCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 4, plenty)
		flushed := make(chan error, 1)
		go func() { flushed <- o.Flush() }()
		synctest.Wait()
		select {
		case err := <-flushed:
			t.Fatalf("Flush did not wait for Finish: %v", err)
		default:
		}
		o.Finish(buffer("last"), true)
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		s.wantWrites(t, "last")
	})
}

func TestAbortWhileTheSinkBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 4, 0) // onError would fail the test: Abort is no failure of the sink
		errAbort := errors.New("aborted")
		o.Send([]byte("1"))
		o.Send([]byte("234"))
		o.Pong(buffer("P"))
		results := make(chan error, 2)
		go func() { results <- o.Push(context.Background(), buffer("x")) }()
		go func() { results <- o.Flush() }()
		synctest.Wait()
		o.Abort(errAbort)
		for range 2 {
			if err := <-results; err != errAbort {
				t.Errorf("got %v, want the reason of the abort", err)
			}
		}
		waited := make(chan struct{})
		go func() { o.Wait(); close(waited) }()
		synctest.Wait()
		select {
		case <-waited:
			t.Fatal("Wait returned while the sink was in use")
		default:
		}
		s.gate <- errSink // what closing the transport does
		<-waited
		s.wantWrites(t)
		if o.busy || o.queue != nil || o.pong != nil {
			t.Error("something is kept")
		}
	})
}

func TestAbortOfAnIdleOutboxIsFinal(t *testing.T) {
	o, s := newBox(t, 10, plenty)
	errAbort := errors.New("aborted")
	o.Abort(errAbort)
	o.Wait()
	wantResult(t, o.Send([]byte("x")), Closed)
	o.Finish(buffer("last"), false)
	if err := o.Flush(); err != errAbort {
		t.Errorf("Flush: %v", err)
	}
	s.wantWrites(t)
}
