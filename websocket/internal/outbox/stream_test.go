package outbox

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
)

// begin begins a stream that must not wait.
func begin(t *testing.T, o *Outbox) {
	t.Helper()
	if err := o.BeginStream(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// pushPart pushes a part that there must be room for.
func pushPart(t *testing.T, o *Outbox, text string) {
	t.Helper()
	if err := o.PushPart(t.Context(), buffer(text)); err != nil {
		t.Fatal(err)
	}
}

func TestMessagesWaitForAMessageInPartsAndControlFramesDoNot(t *testing.T) {
	o, s := newBox(t, plenty, plenty)
	o.Send([]byte("before "))
	begin(t, o)
	pushPart(t, o, "part1 ")
	wantResult(t, o.Send([]byte("after1 ")), Queued)
	wantResult(t, o.SendControl(buffer("ping ")), Sent)
	if err := o.Push(t.Context(), buffer("after2 ")); err != nil {
		t.Fatal(err)
	}
	o.Pong(buffer("pong "))
	pushPart(t, o, "part2 ")
	if got := s.stream(); got != "before part1 ping pong part2 " {
		t.Errorf("sent %q", got)
	}
	o.EndStream()
	wantResult(t, o.Send([]byte("last")), Sent)
	if got := s.stream(); got != "before part1 ping pong part2 after1 after2 last" {
		t.Errorf("sent %q", got)
	}
	o.wantIdle(t)
}

func TestWhatWaitsForAMessageInPartsIsBoundedAndDoesNotTakeItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		begin(t, o)
		wantResult(t, o.Send([]byte("larger than the limit")), Queued)
		wantResult(t, o.Send([]byte("x")), Dropped)
		ctx, cancel := context.WithCancel(t.Context())
		pushed := make(chan error, 2)
		go func() { pushed <- o.Push(ctx, buffer("given up")) }()
		synctest.Wait()
		cancel()
		if err := <-pushed; err != context.Canceled {
			t.Errorf("Push: %v", err)
		}
		go func() { pushed <- o.Push(t.Context(), buffer("patient")) }()
		pushPart(t, o, "12345")
		pushPart(t, o, "67890")
		synctest.Wait()
		o.EndStream()
		close(s.gate) // nothing blocks any more
		if err := <-pushed; err != nil {
			t.Errorf("Push: %v", err)
		}
		synctest.Wait()
		if got := s.stream(); got != "1234567890larger than the limitpatient" {
			t.Errorf("sent %q", got)
		}
		o.wantIdle(t)
	})
}

func TestAPartWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 10, 0)
		begin(t, o)
		pushPart(t, o, "12345")
		pushPart(t, o, strings.Repeat("x", 20)) // an empty queue takes anything
		pushed := make(chan error, 1)
		go func() { pushed <- o.PushPart(t.Context(), buffer("more")) }()
		synctest.Wait()
		select {
		case err := <-pushed:
			t.Fatalf("PushPart did not wait: %v", err)
		default:
		}
		close(s.gate) // nothing blocks any more
		if err := <-pushed; err != nil {
			t.Fatal(err)
		}
		o.EndStream()
		synctest.Wait()
		o.wantIdle(t)
	})
}

func TestOneMessageInPartsFollowsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, plenty, plenty)
		begin(t, o)
		ctx, cancel := context.WithCancel(t.Context())
		begun := make(chan error, 1)
		go func() { begun <- o.BeginStream(ctx) }()
		synctest.Wait()
		cancel()
		if err := <-begun; err != context.Canceled {
			t.Errorf("BeginStream: %v", err)
		}
		go func() { begun <- o.BeginStream(t.Context()) }()
		synctest.Wait()
		o.Send([]byte("between "))
		pushPart(t, o, "first ")
		o.EndStream()
		if err := <-begun; err != nil {
			t.Errorf("BeginStream: %v", err)
		}
		pushPart(t, o, "second")
		o.EndStream()
		if got := s.stream(); got != "first between second" {
			t.Errorf("sent %q", got)
		}
		o.wantIdle(t)
	})
}

func TestAMessageInPartsEndsWithTheOutbox(t *testing.T) {
	for name, end := range map[string]struct {
		do   func(*Outbox)
		want error
		sent string
	}{
		"Finish":         {func(o *Outbox) { o.Finish(buffer("close"), false) }, ErrFinished, "part close"},
		"Finish at once": {func(o *Outbox) { o.Finish(buffer("close"), true) }, ErrFinished, "part close"},
		"Abort":          {func(o *Outbox) { o.Abort(errSink) }, errSink, "part "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, s := newBox(t, plenty, plenty)
				begin(t, o)
				pushPart(t, o, "part ")
				o.Send([]byte("waits"))
				begun := make(chan error, 1)
				go func() { begun <- o.BeginStream(context.Background()) }()
				synctest.Wait()
				end.do(o)
				if err := <-begun; err != end.want {
					t.Errorf("BeginStream: %v", err)
				}
				if err := o.PushPart(t.Context(), buffer("late")); err != end.want {
					t.Errorf("PushPart: %v", err)
				}
				o.EndStream() // which changes nothing
				if got := s.stream(); got != end.sent {
					t.Errorf("sent %q", got)
				}
			})
		})
	}
}
