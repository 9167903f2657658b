package hub

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

func noEpoch(channel.Name) string { return "" }

func TestSubscriptionsOfTheSameNumberShareOnePush(t *testing.T) {
	p := NewPublication("a", websocket.Message{Type: websocket.Text, Payload: []byte("hello")})
	first := p.Pushes(PushForm{}, 1, noEpoch)
	if p.Pushes(PushForm{}, 1, noEpoch) != first {
		t.Error("made twice")
	}
	for _, other := range []*websocket.Batch{
		p.Pushes(PushForm{}, 2, noEpoch),
		p.Pushes(PushForm{Encoding: protocol.MessagePack}, 1, noEpoch),
		p.Pushes(PushForm{Pattern: true}, 1, noEpoch),
	} {
		if other == first {
			t.Error("shared with another form or number")
		}
	}
	for sub := range uint64(100) {
		p.Pushes(PushForm{}, sub+1, noEpoch)
	}
	if n := len(p.pushes.Load().shared); n > maxSharedPushes {
		t.Errorf("%d batches are kept", n)
	}
}

func TestAPushOfAPatternBearsChannelAndEpoch(t *testing.T) {
	p := Bundle(&broker.Message{Channel: "a/b", Type: websocket.Text, Payload: []byte("hello"), Offset: 7})
	epochOf := func(channel.Name) string { return "k3" }
	for form, want := range map[PushForm]string{
		{}:              `{"message":{"sub":5,"offset":7,"data":"hello"}}`,
		{Pattern: true}: `{"message":{"sub":5,"channel":"a/b","epoch":"k3","offset":7,"data":"hello"}}`,
	} {
		if got := string(p.Pushes(form, 5, epochOf).Frames()[0].Payload()); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestPushesLeaveInMessagesOfBoundedSize(t *testing.T) {
	var messages []*broker.Message
	for i := range 100 {
		messages = append(messages, &broker.Message{Channel: "a", Type: websocket.Text, Payload: []byte(strings.Repeat("x", 5000)), Offset: uint64(i + 1)})
	}
	messages[50].Payload = []byte(strings.Repeat("y", 3*maxPushBytes))
	for _, e := range []protocol.Encoding{protocol.JSON, protocol.MessagePack} {
		next := uint64(1)
		for _, frame := range Bundle(messages...).Pushes(PushForm{Encoding: e}, 1, noEpoch).Frames() {
			all, err := e.DecodeServer(frame.Payload())
			if err != nil {
				t.Fatal(err)
			}
			if len(frame.Payload()) > maxPushBytes && len(all) > 1 {
				t.Errorf("%d pushes in %d bytes", len(all), len(frame.Payload()))
			}
			for _, it := range all {
				if got := it.Push.(*protocol.Message).Offset; got != next {
					t.Fatalf("offset %d, want %d", got, next)
				}
				next++
			}
		}
		if next != 101 {
			t.Errorf("%v: %d messages", e, next-1)
		}
	}
}

// BenchmarkPushes compares what a subscriber's copy costs with what it costs to share it.
func BenchmarkPushes(b *testing.B) {
	payload := []byte(strings.Repeat("x", 100))
	for _, numbers := range []uint64{1, 1000} {
		b.Run(fmt.Sprintf("numbers=%d", numbers), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p := Bundle(&broker.Message{Channel: "a", Type: websocket.Text, Payload: payload, Offset: 1})
				for i := range uint64(1000) {
					p.Pushes(PushForm{}, 1+i%numbers, noEpoch)
				}
			}
		})
	}
}
