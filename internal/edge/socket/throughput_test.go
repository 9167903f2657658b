package socket

import (
	"fmt"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
)

// BenchmarkPublish sends publishes of one connection, 64 in a WebSocket message and many such in
// flight, to channels that a hundred clients have subscribed to.
func BenchmarkPublish(b *testing.B) {
	for _, name := range []channel.Name{"e", "kept/a"} {
		b.Run(string(name[:1]), func(b *testing.B) {
			e := start(b)
			for range 100 {
				listen(b, e.url, []byte(fmt.Sprintf(`{"subscribe":{"channel":%q}}`, name)), protocol.SubprotocolJSON, nil)
			}
			waitUntil(b, "all have subscribed", func() bool { return e.channels.Subscribers(name) == 100 })
			c := e.dial()
			var objects [][]byte
			for range 64 {
				objects = append(objects, protocol.JSON.AppendCommand(nil, protocol.Command{Verb: &protocol.Publish{Channel: string(name), Payload: protocol.Text("hello, how is everybody doing today?")}}))
			}
			message := string(protocol.JSON.Join(nil, objects...))
			window := 0
			take := func() {
				for range 64 {
					if it := c.next(); it.Reply == nil || it.Reply.Err != nil {
						b.Fatalf("got %s", show(it))
					}
				}
				window--
			}
			n := 0
			for b.Loop() {
				c.raw(message)
				n += 64
				if window++; window == 4 {
					take()
				}
			}
			for window > 0 {
				take()
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
