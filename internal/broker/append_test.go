package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAMessageComesBackFromTheLogAsItWasPublished(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	want := &Message{
		Channel: "großer Saal/v1.0/$x", Type: websocket.Binary, Payload: []byte{0, 1, 0xff},
		ID: "id with ümläuts / and\r\nlines", Key: "cursor 7", Source: "\x00source",
	}
	ack, err := store(l, want)
	if err != nil || ack.Duplicate || ack.Epoch != l.Epoch() || ack.Offset != 1 {
		t.Fatalf("Append = %+v, %v", ack, err)
	}
	page := read(t, l, "großer Saal/v1.0/$x", 0, 10)
	if len(page.Messages) != 1 || page.End != ack.Position || page.More || page.Lost {
		t.Fatalf("Read = %+v", page)
	}
	got := page.Messages[0]
	if got.Channel != want.Channel || got.Type != want.Type || string(got.Payload) != string(want.Payload) ||
		got.ID != want.ID || got.Key != want.Key || got.Source != want.Source || got.Offset != 1 || got.Time.IsZero() {
		t.Errorf("%+v came back as %+v", want, got)
	}
}

func TestAnEmptyMessageIsAMessage(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	put(t, l, "a", "")
	if got := payloads(read(t, l, "a", 0, 1)); !slices.Equal(got, []string{""}) {
		t.Errorf("got %q", got)
	}
}

func TestARepeatedIDIsStoredOnceAndAcknowledgedWithTheFirstOffset(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	withID := func(name channel.Name, id string) *Message {
		m := text(name, "hello")
		m.ID = id
		return m
	}
	first, err := store(l, withID("a/b", "c"))
	if err != nil {
		t.Fatal(err)
	}
	put(t, l, "a/b", "other")
	again, err := store(l, withID("a/b", "c"))
	if err != nil || again.Position != first.Position || !again.Duplicate {
		t.Errorf("the repeat was answered %+v, %v", again, err)
	}
	for _, other := range []*Message{withID("a", "b/c"), withID("a/b", "C"), withID("a/b/c", "c")} {
		if ack, err := store(l, other); err != nil || ack.Duplicate {
			t.Errorf("%q in %q is taken for a repeat of another: %+v, %v", other.ID, other.Channel, ack, err)
		}
	}
	if got := payloads(read(t, l, "a/b", 0, 10)); !slices.Equal(got, []string{"hello", "other", "hello"}) {
		t.Errorf("the channel has %q", got)
	}
}

func TestWhatOneGoroutineAppendsIsStoredInThatOrder(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	const writers, each = 4, 3000 // together more than may be in flight
	var appended, answered sync.WaitGroup
	answered.Add(writers * each)
	for w := range writers {
		appended.Go(func() {
			var last uint64
			for i := range each {
				l.Append(t.Context(), text(channel.Name(fmt.Sprint("w/", w)), fmt.Sprint(i)), func(ack Ack, err error) {
					defer answered.Done()
					if err != nil || ack.Offset <= last {
						t.Errorf("message %d of writer %d was answered %+v, %v, after offset %d", i, w, ack, err, last)
					}
					last = ack.Offset
				})
			}
		})
	}
	appended.Wait()
	answered.Wait()
	for w := range writers {
		next := 0
		for page := (&Page{More: true}); page.More; {
			page = read(t, l, channel.Pattern(fmt.Sprint("w/", w)), page.End.Offset, 1000)
			for _, m := range page.Messages {
				if string(m.Payload) != fmt.Sprint(next) {
					t.Fatalf("writer %d: %q is in place of %d", w, m.Payload, next)
				}
				next++
			}
		}
		if next != each {
			t.Errorf("writer %d: %d messages are stored, want %d", w, next, each)
		}
	}
}

func TestAMessageThatTheLogDoesNotTakeIsRefusedWithTheReason(t *testing.T) {
	l := openLog(t, open(t, Config{MaxMessageBytes: 1000}), "#", Retention{})
	if _, err := store(l, text("a", strings.Repeat("x", 1000))); err != nil {
		t.Errorf("the largest message is refused: %v", err)
	}
	if _, err := store(l, text("a", strings.Repeat("x", 1001))); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a message that is too large is answered %v", err)
	}
	m := text("a", "hello")
	m.Key = strings.Repeat("k", 256)
	if _, err := store(l, m); err == nil || !strings.Contains(err.Error(), "key") {
		t.Errorf("a key that is too long is answered %v", err)
	}
}

func TestALogThatHasNoRoomIsFullAndKeepsWhatItHas(t *testing.T) {
	l := openLog(t, open(t, Config{MaxStoreBytes: 1 << 20}), "#", Retention{})
	payload := strings.Repeat("x", 100_000)
	stored := 0
	var err error
	for range 20 {
		if _, err = store(l, text("a", payload)); err != nil {
			break
		}
		stored++
	}
	if !errors.Is(err, ErrFull) || stored < 5 {
		t.Fatalf("after %d messages of 100 kB in 1 MiB: %v", stored, err)
	}
	got := 0
	for page := (&Page{More: true}); page.More; got += len(page.Messages) {
		page = read(t, l, "a", page.End.Offset, 100)
	}
	if got != stored {
		t.Errorf("%d messages are there, %d were acknowledged", got, stored)
	}
}

func TestAnAppendAfterCloseFailsAndCloseAnswersWhatIsInFlight(t *testing.T) {
	b := open(t, Config{})
	l := openLog(t, b, "#", Retention{})
	var answered sync.WaitGroup
	answered.Add(100)
	for range 100 {
		l.Append(t.Context(), text("a", "x"), func(_ Ack, err error) {
			defer answered.Done()
			if err != nil {
				t.Errorf("a message in flight when the broker is closed is answered %v", err)
			}
		})
	}
	shut(t, b)
	answered.Wait()
	if _, err := store(l, text("a", "late")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Append after Close is answered %v", err)
	}
	if _, err := l.Read(t.Context(), "a", 0, 1); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Read after Close is answered %v", err)
	}
	if _, err := l.Position(t.Context(), "a"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Position after Close is answered %v", err)
	}
	l.Follow(func([]Live) {})()
}

func TestAnAppendThatFindsNoRoomInFlightEndsWithItsContext(t *testing.T) {
	b := open(t, Config{})
	l := openLog(t, b, "#", Retention{})
	if err := b.writer.room.Acquire(t.Context(), maxInFlightBytes); err != nil {
		t.Fatal(err)
	}
	defer b.writer.room.Release(maxInFlightBytes)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := make(chan error, 1)
	l.Append(ctx, text("a", "x"), func(_ Ack, err error) { got <- err })
	if err := <-got; !errors.Is(err, ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAMessageWithoutAnAnswerIsGivenUpAndALateAnswerGoesToNobodyElse(t *testing.T) {
	b := open(t, Config{})
	l := openLog(t, b, "#", Retention{})
	got := make(chan error, 2)
	w := b.writer
	done := func(_ Ack, err error) { got <- err }
	if err := w.room.Acquire(t.Context(), messageWeight); err != nil {
		t.Fatal(err)
	}
	token := w.pending.add(l, messageWeight, done)
	w.lose(errors.New("cut"))
	if err := <-got; !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "may have been stored") {
		t.Errorf("got %v", err)
	}
	next := w.pending.add(l, messageWeight, done) // the same slot
	if _, ok := w.pending.take(token); ok {
		t.Error("the answer of one message is taken for another's")
	}
	if _, ok := w.pending.take(next); !ok {
		t.Error("the second message is not there")
	}
}

func TestTheAnswersOfJetStreamAreUnderstood(t *testing.T) {
	for answer, want := range map[string]struct {
		offset    uint64
		duplicate bool
		err       error
	}{
		`{"stream":"holdfast-a", "seq":17}`:                                                                                    {offset: 17},
		`{"stream":"holdfast-a","domain":"d", "seq":18446744073709551615}`:                                                     {offset: 1<<64 - 1},
		`{"stream":"holdfast-a", "seq":3,"duplicate": true}`:                                                                   {offset: 3, duplicate: true},
		`{"error":{"code":503,"err_code":10023,"description":"insufficient resources"},"stream":"s","seq":0}`:                  {err: ErrFull},
		`{"error":{"code":503,"err_code":10077,"description":"write /x/1.blk: no space left on device"},"stream":"s","seq":0}`: {err: ErrFull},
		`{"error":{"code":503,"err_code":10077,"description":"store is closed"},"stream":"s","seq":0}`:                         {err: ErrUnavailable},
		`{"error":{"code":400,"err_code":10054,"description":"message size exceeds maximum allowed"},"stream":"s","seq":0}`:    {err: ErrTooLarge},
		`{"error":{"code":429,"err_code":10167,"description":"too many requests"},"stream":"s","seq":0}`:                       {err: ErrUnavailable},
		`{"stream":"s","seq":0}`: {err: ErrUnavailable},
		`{"stream":"s","seq":x}`: {err: ErrUnavailable},
		`rubbish`:                {err: ErrUnavailable},
		``:                       {err: ErrUnavailable},
	} {
		ack, err := parseAck([]byte(answer), "e")
		if !errors.Is(err, want.err) || ack.Offset != want.offset || ack.Duplicate != want.duplicate {
			t.Errorf("%s is read as %+v, %v", answer, ack, err)
		}
	}
}
