package hooks

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// BenchmarkTell tells of messages in 100 channels, from the log to a backend on loopback.
func BenchmarkTell(b *testing.B) {
	for _, batch := range []int{1, 100} {
		b.Run(fmt.Sprintf("batch=%d", batch), func(b *testing.B) {
			store := openBroker(b, b.TempDir())
			log := openLog(b, store, "#", broker.Retention{})
			a := newArchive(b.N)
			hook := serve(b, a.ServeHTTP, Message)
			hook.Batch = batch
			started(b, Config{Hooks: []Hook{hook}}, Store{Broker: store, Histories: []*broker.Log{log}})
			b.ResetTimer()
			for i := range b.N {
				m := &broker.Message{Channel: channel.Name(fmt.Sprint(i % 100)), Type: websocket.Text, Payload: []byte("hello")}
				log.Append(b.Context(), m, func(_ broker.Ack, err error) {
					if err != nil {
						panic(err)
					}
				})
			}
			a.await(b)
		})
	}
}

// BenchmarkAsk asks whether a message may be published.
func BenchmarkAsk(b *testing.B) {
	h := with(b, serve(b, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			b.Error(err)
		}
		w.WriteHeader(http.StatusNoContent)
	}, Publish))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Publish(b.Context(), &PublishRequest{Client: ada, Channel: "chat/lobby", Payload: text("hello")}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkNotAsked is what everybody pays where no hook is for the channel.
func BenchmarkNotAsked(b *testing.B) {
	hook := serve(b, says(204, ""), Publish, Join)
	hook.Channels = []channel.Pattern{"vault/#", "rooms/+/private"}
	h := with(b, hook)
	b.ReportAllocs()
	for b.Loop() {
		if h.Asks(Publish, "chat/lobby") || h.Tells(Join, "chat/lobby") {
			b.Fatal("it would be asked")
		}
	}
}
