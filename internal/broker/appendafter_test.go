package broker

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// storeAfter appends a message on the condition that last is the newest, and waits for its answer.
func storeAfter(l *Log, last uint64, name channel.Name, payload string) (uint64, error) {
	failed := make(chan error, 1)
	var offset uint64
	l.AppendAfter(context.Background(), last, text(name, payload), func(a Ack, err error) {
		offset = a.Offset
		failed <- err
	})
	err := <-failed
	return offset, err
}

func TestAMessageIsStoredOnlyBehindTheOneThatItsWriterKnows(t *testing.T) {
	l := openLog(t, open(t, Config{}), "state", Retention{Count: 1})
	other := put(t, l, "other", "x")
	first, err := storeAfter(l, 0, "a", "1")
	if err != nil || first != other+1 {
		t.Fatalf("the first was stored at %d, %v", first, err)
	}
	for _, last := range []uint64{0, other, first + 1} {
		if _, err := storeAfter(l, last, "a", "no"); !errors.Is(err, ErrNotLast) {
			t.Errorf("behind %d: %v", last, err)
		}
	}
	if second, err := storeAfter(l, first, "a", "2"); err != nil || second <= first {
		t.Errorf("the second was stored at %d, %v", second, err)
	}
	wantRead(t, l, "a", 0, false, "2")
}

func TestOfTwoNodesThatWriteAtTheSameTimeOneIsFirst(t *testing.T) {
	url, _ := external(t, server.Options{JetStream: true, MaxPayload: roomy})
	var nodes []*Log
	for range 2 {
		b := open(t, Config{URL: url})
		if !b.Shared() {
			t.Error("an external server is not shared")
		}
		nodes = append(nodes, openLog(t, b, "state", Retention{Count: 1}))
	}
	last := uint64(0)
	for range 50 {
		var won atomic.Int32
		var newest atomic.Uint64
		answers := make(chan error, len(nodes))
		for _, l := range nodes {
			l.AppendAfter(t.Context(), last, text("a", "x"), func(a Ack, err error) {
				if err == nil {
					won.Add(1)
					newest.Store(a.Offset)
				}
				answers <- err
			})
		}
		for range nodes {
			if err := <-answers; err != nil && !errors.Is(err, ErrNotLast) {
				t.Fatal(err)
			}
		}
		if won.Load() != 1 {
			t.Fatalf("%d of them were first", won.Load())
		}
		last = newest.Load()
	}
}
