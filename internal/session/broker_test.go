package session

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// lossy is the broker's log with a live feed that drops every fifth message and repeats others.
type lossy struct{ *broker.Log }

func (l lossy) Follow(deliver func([]broker.Live)) (stop func()) {
	return l.Log.Follow(func(batch []broker.Live) {
		var rest []broker.Live
		for _, m := range batch {
			switch m.Offset % 5 {
			case 0:
			case 1:
				rest = append(rest, m, m)
			default:
				rest = append(rest, m)
			}
		}
		if len(rest) > 0 {
			deliver(rest)
		}
	})
}

// On the broker itself, with a live feed that loses every fifth message, subscribers that come from
// anywhere, stall and drain while publishers never pause get everything, once and in order.
func TestOnTheBrokerEverySubscriberGetsEverythingThoughLiveMessagesAreDropped(t *testing.T) {
	patience, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b, err := broker.Open(patience, broker.Config{Dir: t.TempDir(), SyncInterval: time.Hour, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close(context.Background())
	log, err := b.Log(patience, "#", broker.Retention{Count: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, hub: hub.New()}
	defer w.hub.Close()
	if w.feed, err = w.hub.Follow(patience, lossy{log}, broker.Retention{}); err != nil {
		t.Fatal(err)
	}

	const total = 3000
	stored := make([]*broker.Message, total+1)
	var acks, running sync.WaitGroup
	publish := func(n int) {
		for i := range n {
			name := names[i%len(names)]
			m := &broker.Message{Channel: name, Type: websocket.Text, Payload: fmt.Appendf(nil, "%s %d", name, i)}
			acks.Add(1)
			log.Append(patience, m, func(a broker.Ack, err error) {
				defer acks.Done()
				if err != nil {
					t.Error(err)
					return
				}
				stored[a.Offset-1] = &broker.Message{Channel: m.Channel, Payload: m.Payload, Offset: a.Offset}
			})
		}
	}
	running.Go(func() { publish(total) })
	var all []*subscriber
	for i := range 40 {
		sub := &subscriber{client: newClient(), pattern: patterns[i%len(patterns)]}
		sub.sub = w.subscribe(sub, sub.pattern, Start{All: true}, w.catchUp())
		if i%4 == 0 {
			running.Go(func() {
				for range 20 {
					sub.stall()
					if sub.Flush(patience) != nil {
						return
					}
					sub.drain()
				}
			})
		}
		all = append(all, sub)
	}
	running.Wait()
	acks.Wait()
	publish(1)
	acks.Wait()
	for i, sub := range all {
		for sub.check(stored) != nil && patience.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		sub.sub.Cancel()
		if err := sub.check(stored); err != nil {
			t.Errorf("subscriber %d of %s: %v", i, sub.pattern, err)
		}
		if slices.ContainsFunc(sub.events(), isLost) {
			t.Errorf("subscriber %d of %s was told of a loss that there was not", i, sub.pattern)
		}
	}
}
