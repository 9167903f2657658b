package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

func TestWhatTheServerRefusesForAWhileIsPublishedAgain(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		publish(t, c, "a", "0")
		start := time.Now()
		refuse := func(v protocol.Verb) *protocol.Error {
			if _, ok := v.(*protocol.Publish); ok && time.Since(start) < 20*time.Second {
				return &protocol.Error{Code: protocol.CodeRateLimited, Message: "slower", Retry: true, After: time.Second}
			}
			return nil
		}
		f.with(func() { f.refuse = refuse })
		var all []*Publication
		for i := range 20 {
			p, err := c.Channel("a").PublishAsync(t.Context(), Text(fmt.Sprint(i)), nil)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, p)
		}
		last := uint64(0)
		for _, p := range all {
			ack, err := p.Wait(t.Context())
			if err != nil || ack.Offset <= last {
				t.Errorf("%+v after %d, %v", ack, last, err)
			}
			last = ack.Offset
		}
	})
}

func TestWhatTheServerRefusesForGoodFails(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		refuse := func(v protocol.Verb) *protocol.Error {
			switch v := v.(type) {
			case *protocol.Publish:
				return protocol.Errorf(protocol.CodeInternal, "it breaks each time")
			case *protocol.Subscribe:
				return protocol.Errorf(protocol.CodeNotPermitted, "not %s", v.Channel)
			}
			return nil
		}
		f.with(func() { f.refuse = refuse })
		var refused *protocol.Error
		if _, err := c.Channel("a").Publish(t.Context(), Text("x"), nil); !errors.As(err, &refused) || refused.Code != protocol.CodeInternal {
			t.Errorf("error %v", err)
		}
		if _, err := c.Channel("a").Subscribe(t.Context(), nil); !errors.As(err, &refused) || refused.Code != protocol.CodeNotPermitted {
			t.Errorf("error %v", err)
		}
		if _, err := c.Channel("a").Publish(t.Context(), Text("\xff"), nil); !errors.Is(err, errNotText) {
			t.Errorf("error %v", err)
		}
		if _, err := c.Channel("a\xff").Subscribe(t.Context(), nil); !errors.Is(err, errNotName) {
			t.Errorf("error %v", err)
		}
		huge := Text(strings.Repeat("x", int(f.limits.MessageBytes)))
		if _, err := c.Channel("a").Publish(t.Context(), huge, nil); !errors.As(err, &refused) || refused.Code != protocol.CodeTooLarge {
			t.Errorf("error %v", err)
		}
		if _, err := c.RPC(t.Context(), "echo", huge); !errors.As(err, &refused) || refused.Code != protocol.CodeTooLarge {
			t.Errorf("error %v", err)
		}
	})
}

func TestASubscriptionThatTheServerEndsIsTakenUpAgainIfThatMayWork(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		s := subscribe(t, c, "a", nil)
		publish(t, c, "a", "1")
		end := func(code protocol.Code) {
			k := f.all()[0]
			k.sending.Lock()
			delete(k.subs, s.number)
			k.writeLocked(k.encoding.AppendPush(nil, &protocol.Unsubscribed{Sub: s.number, Error: *protocol.Errorf(code, "enough")}))
			k.sending.Unlock()
		}
		end(protocol.CodeUnavailable)
		publish(t, c, "a", "2")
		want(t, s, "1", "2")
		publish(t, c, "a", "3")
		synctest.Wait()
		end(protocol.CodeNotPermitted)
		want(t, s, "3", "!not_permitted: enough")
	})
}

func TestACallWhoseConnectionIsLostIsNotRepeated(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		if answer, err := c.RPC(t.Context(), "echo", Binary([]byte{1})); err != nil || !slices.Equal(answer.Data, []byte{1}) || !answer.Binary {
			t.Errorf("%+v, %v", answer, err)
		}
		f.breakAt(1, true)
		if _, err := c.RPC(t.Context(), "echo", Text("x")); !errors.Is(err, ErrUncertain) {
			t.Errorf("error %v", err)
		}
		if _, err := c.RPC(t.Context(), "echo", Text("x")); err != nil {
			t.Error(err)
		}
	})
}

func TestHistoryIsReadInPagesAcrossADrop(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		for i := range 23 {
			f.store("a", Text(fmt.Sprint(i)), "", "")
		}
		f.breakAt(5, false)
		read := func(o *HistoryOptions) (texts []string) {
			for m, err := range c.Channel("a").History(t.Context(), o) {
				if err != nil {
					t.Fatal(err)
				}
				texts = append(texts, m.Text())
			}
			return texts
		}
		if all := read(nil); len(all) != 23 || all[22] != "22" {
			t.Errorf("%q", all)
		}
		if last := read(&HistoryOptions{Last: 2}); !slices.Equal(last, []string{"21", "22"}) {
			t.Errorf("%q", last)
		}
		if behind := read(&HistoryOptions{Since: "66:e1"}); !slices.Equal(behind, []string{"22"}) {
			t.Errorf("%q", behind)
		}
	})
}

func TestCloseWaitsForAcknowledgements(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		publish(t, c, "a", "0")
		f.letIn(false)
		f.dropAll()
		synctest.Wait()
		p, err := c.Channel("a").PublishAsync(t.Context(), Text("1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Minute, func() { f.letIn(true) })
		shutDown(t, c)
		if _, err := p.Wait(t.Context()); err != nil || f.stored() != 2 {
			t.Error(err)
		}
		if _, err := c.Channel("a").Publish(t.Context(), Text("2"), nil); !errors.Is(err, ErrClosed) {
			t.Errorf("error %v", err)
		}
		if err := c.Err(); !errors.Is(err, ErrClosed) || c.State() != Closed {
			t.Error(err, c.State())
		}
	})
}

func TestCloseThatMayNotWaitTellsWhatIsNotAcknowledged(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		s := subscribe(t, c, "a", nil)
		f.letIn(false)
		f.dropAll()
		synctest.Wait()
		p, err := c.Channel("a").PublishAsync(t.Context(), Text("1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		if err := c.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if _, err := p.Wait(t.Context()); !errors.Is(err, ErrClosed) || errors.Is(err, ErrUncertain) {
			t.Errorf("error %v of one that was never sent", err)
		}
		want(t, s, "!holdfast: closed")
	})
}

func TestAPublishThatIsGivenUpTellsWhetherItMayBeStored(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		publish(t, c, "a", "0")
		f.letIn(false)
		f.dropAll()
		synctest.Wait()
		ctx, cancel := contextFor(t, time.Minute)
		defer cancel()
		if _, err := c.Channel("a").Publish(ctx, Text("never sent"), nil); !errors.Is(err, ctx.Err()) || errors.Is(err, ErrUncertain) {
			t.Errorf("error %v", err)
		}
		f.letIn(true)
		publish(t, c, "a", "1")
		shutDown(t, c)
		if f.stored() != 2 {
			t.Errorf("%d are stored", f.stored())
		}
	})
}

func TestAServerThatCannotReadAMessageEndsTheClientWithItsReason(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		k := f.all()[0]
		k.write(k.encoding.AppendError(nil, 0, protocol.Errorf(protocol.CodeBadJSON, "byte 7")))
		<-c.Done()
		if refused, ok := errors.AsType[*protocol.Error](c.Err()); !ok || refused.Code != protocol.CodeBadJSON {
			t.Errorf("error %v", c.Err())
		}
		shutDown(t, c)
	})
}

// A server may allow less after a restart; whoever has sent more meanwhile is told which message it was.
func TestAMessageThatTheConnectionWasClosedForIsNotSentAgain(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		defer shutDown(t, c)
		publish(t, c, "a", "small")
		f.letIn(false)
		f.dropAll()
		f.with(func() { f.limits.MessageBytes = 64 << 10 })
		time.Sleep(time.Second)
		p, err := c.Channel("a").PublishAsync(t.Context(), Text(strings.Repeat("x", 100<<10)), nil)
		if err != nil {
			t.Fatal(err)
		}
		f.letIn(true)
		var refused *protocol.Error
		if _, err := p.Wait(t.Context()); !errors.As(err, &refused) || refused.Code != protocol.CodeTooLarge {
			t.Errorf("error %v", err)
		}
		publish(t, c, "a", "small again")
	})
}
