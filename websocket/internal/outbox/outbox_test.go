package outbox

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

const plenty = 1 << 30

func wantResult(t *testing.T, got, want Result) {
	t.Helper()
	if got != want {
		t.Fatalf("result %d, want %d", got, want)
	}
}

func TestAFrameForAnIdleSinkIsWrittenAtOnce(t *testing.T) {
	o, s := newBox(t, 100, plenty)
	wantResult(t, o.Send([]byte("one")), Sent)
	wantResult(t, o.SendBuffer(buffer("two")), Sent)
	if err := o.Push(t.Context(), buffer("three")); err != nil {
		t.Fatal(err)
	}
	o.Pong(buffer("pong"))
	s.wantWrites(t, "one", "two", "three", "pong")
	o.wantIdle(t)
}

func TestTheRestOfAShortWriteIsDrained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 100, 2)
		wantResult(t, o.Send([]byte("hello")), Queued)
		s.wantWrites(t, "he")
		s.gate <- nil
		synctest.Wait()
		s.wantWrites(t, "he", "llo")
		o.wantIdle(t)
	})
}

func TestFramesThatGatherLeaveTogetherAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 100, 0)
		wantResult(t, o.Send([]byte("first")), Queued)
		for _, f := range []string{"a", "b", "c"} {
			wantResult(t, o.Send([]byte(f)), Queued)
		}
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		s.wantWrites(t, "first", "abc")
		o.wantIdle(t)
	})
}

func TestAGatheredWriteHoldsAtMost16KiBOfWholeFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, plenty, 0)
		o.Send([]byte("first"))
		var frames []string
		for _, c := range "abcde" {
			frames = append(frames, strings.Repeat(string(c), 5000))
			o.Send([]byte(frames[len(frames)-1]))
		}
		for range 3 {
			s.gate <- nil
		}
		synctest.Wait()
		s.wantWrites(t, "first", strings.Join(frames[:3], ""), strings.Join(frames[3:], ""))
		o.wantIdle(t)
	})
}

func TestALargeFrameIsWrittenWithoutACopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, plenty, 0)
		large := []byte(strings.Repeat("x", pooledBytes/2+1))
		o.Send([]byte("first"))
		o.Send(large)
		o.Send([]byte("last"))
		for range 3 {
			s.gate <- nil
		}
		synctest.Wait()
		s.wantWrites(t, "first", string(large), "last")
		if &s.given[1][0] != &large[0] {
			t.Error("the large frame was copied")
		}
	})
}

func TestWhatWaitsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 100, 0)
		wantResult(t, o.Send(make([]byte, 40)), Queued)   // being written
		wantResult(t, o.Send(make([]byte, 60)), Queued)   // exactly full
		wantResult(t, o.Send(make([]byte, 1)), Dropped)   // one byte too many
		wantResult(t, o.SendBuffer(buffer("x")), Dropped) // in either form
		s.gate <- nil
		synctest.Wait()
		wantResult(t, o.Send(make([]byte, 40)), Queued) // room again
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		o.wantIdle(t)
	})
}

func TestAnEmptyQueueTakesAFrameOfAnySize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		wantResult(t, o.Send(make([]byte, 1000)), Queued) // being written
		wantResult(t, o.Send(make([]byte, 2000)), Queued) // the one that waits
		wantResult(t, o.Send(make([]byte, 1)), Dropped)
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		o.wantIdle(t)
	})
}

func TestACallerWritesForOthersOnlyForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, plenty, plenty)
		s.gate = nil
		frames := 0
		s.onTry = func() { // somebody else never stops
			if frames++; frames < 1000 {
				o.Send([]byte("x"))
			}
		}
		wantResult(t, o.Send([]byte("x")), Sent)
		if frames != maxInline {
			t.Errorf("one caller made %d writes, want %d", frames, maxInline)
		}
		synctest.Wait()
		o.wantIdle(t)
	})
}

func TestAFailedWriteIsReportedOnceAndEndsTheOutbox(t *testing.T) {
	for name, fail := range map[string]func(*fakeSink){
		"of the first, non-blocking write": func(s *fakeSink) { s.tryErr = errSink },
		"of a blocking write": func(s *fakeSink) {
			go func() { s.gate <- errSink }()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &fakeSink{gate: make(chan error)}
				var o Outbox
				reports := 0
				o.Init(s, 10, func(err error) {
					reports++
					if err != errSink {
						t.Errorf("onError(%v)", err)
					}
				})
				fail(s)
				o.Send([]byte("x"))
				o.Pong(buffer("P"))
				synctest.Wait()
				wantResult(t, o.Send([]byte("y")), Closed)
				wantResult(t, o.SendBuffer(buffer("y")), Closed)
				if err := o.Push(t.Context(), buffer("z")); err != errSink {
					t.Errorf("Push: %v", err)
				}
				o.Pong(buffer("P"))
				o.Finish(buffer("last"), false)
				o.Abort(errors.New("too late to be the reason"))
				if err := o.Flush(); err != errSink {
					t.Errorf("Flush: %v", err)
				}
				o.Wait()
				if reports != 1 {
					t.Errorf("%d reports", reports)
				}
				s.wantWrites(t)
			})
		})
	}
}

func TestTheFailureOfALaterFrameIsNotTheFirstOnes(t *testing.T) {
	s := &fakeSink{room: plenty}
	var o Outbox
	o.Init(s, 100, func(error) {})
	tries := 0
	s.onTry = func() {
		if tries++; tries == 1 {
			o.Send([]byte("second"))
		} else {
			s.tryErr = errSink
		}
	}
	wantResult(t, o.Send([]byte("first")), Sent)
	s.wantWrites(t, "first")
}

func TestSmallFramesCostNoAllocation(t *testing.T) {
	s := &discardSink{}
	var o Outbox
	o.Init(s, 1000, func(error) {})
	frame := []byte("a small frame")
	if n := testing.AllocsPerRun(200, func() { o.Send(frame) }); n != 0 {
		t.Errorf("Send: %v allocations", n)
	}
	if n := testing.AllocsPerRun(200, func() {
		b := NewBuffer(len(frame))
		b.B = append(b.B, frame...)
		o.Push(context.Background(), b)
	}); n >= 1 && !raceEnabled { // under the race detector a sync.Pool forgets at random
		t.Errorf("Push: %v allocations", n)
	}
}

// discardSink takes everything and keeps nothing.
type discardSink struct{}

func (discardSink) TryWrite(p []byte) (int, bool, error) { return len(p), false, nil }

func (discardSink) Write([]byte) error { return nil }
