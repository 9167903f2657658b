package socket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const benchSubscribers = 1000

// BenchmarkFanOut publishes to a thousand subscribers on /socket, and in turns to as many that are sent
// the bare payload, as on /channels. What is measured is how long the publisher is busy; "ratio" is
// that of the two.
func BenchmarkFanOut(b *testing.B) {
	for _, bench := range []struct {
		name     string
		encoding protocol.Encoding
		number   func(i int) uint64
		deflate  bool
	}{
		{"JSON/same-number", protocol.JSON, func(int) uint64 { return 1 }, false},
		{"JSON/own-numbers", protocol.JSON, func(i int) uint64 { return uint64(i + 1) }, false},
		{"MessagePack/same-number", protocol.MessagePack, func(int) uint64 { return 1 }, false},
		{"MessagePack/own-numbers", protocol.MessagePack, func(i int) uint64 { return uint64(i + 1) }, false},
		{"JSON/same-number/compressed", protocol.JSON, func(int) uint64 { return 1 }, true},
		{"JSON/own-numbers/compressed", protocol.JSON, func(i int) uint64 { return uint64(i + 1) }, true},
	} {
		b.Run(bench.name, func(b *testing.B) {
			channels := testChannels(b)
			e := startOn(b, channels, Config{})
			raw := startBare(b, channels)
			var compression *websocket.Compression
			if bench.deflate {
				compression = &websocket.Compression{NoContextTakeover: true}
			}
			for i := range benchSubscribers {
				listen(b, raw, nil, "", compression)
				command := bench.encoding.AppendCommand(nil, protocol.Command{Verb: &protocol.Subscribe{Channel: "e", Sub: bench.number(i)}})
				name := protocol.SubprotocolJSON
				if bench.encoding == protocol.MessagePack {
					name = protocol.SubprotocolMessagePack
				}
				listen(b, e.url, command, name, compression)
			}
			waitUntil(b, "all have subscribed", func() bool {
				return channels.Subscribers("e")+channels.Subscribers("bare") == 2*benchSubscribers
			})
			payload := []byte(`{"from":"ada","text":"hello, how is everybody doing today? I have brought \"cake\", and there is enough","at":1795269600000}`)
			publish := func(name channel.Name) time.Duration {
				p := hub.Bundle(&broker.Message{Channel: name, Type: websocket.Text, Payload: bytes.Clone(payload), Time: time.Now()})
				began := time.Now()
				channels.Publish(context.Background(), nil, p, func(int, broker.Ack, error) {})
				return time.Since(began)
			}
			var socket, bare time.Duration
			n := 0
			for b.Loop() {
				socket += publish("e")
				bare += publish("bare")
				n++
			}
			b.ReportMetric(float64(socket)/float64(bare), "ratio")
			b.ReportMetric(float64(socket.Nanoseconds())/float64(n)/benchSubscribers, "ns/subscriber")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// listen connects, sends a command, and throws away what comes, without decoding it: the machine is
// the server's.
func listen(b *testing.B, url string, command []byte, subprotocol string, compression *websocket.Compression) {
	b.Helper()
	var transport net.Conn
	options := &websocket.DialOptions{
		Compression: compression,
		NetDial: func(ctx context.Context, network, addr string) (_ net.Conn, err error) {
			transport, err = new(net.Dialer).DialContext(ctx, network, addr)
			return transport, err
		},
	}
	if subprotocol != "" {
		options.Subprotocols = []string{subprotocol}
	}
	ws, err := websocket.Dial(b.Context(), url, options)
	if err != nil {
		b.Fatal(err)
	}
	if command != nil {
		typ := websocket.Text
		if subprotocol == protocol.SubprotocolMessagePack {
			typ = websocket.Binary
		}
		if err := ws.Write(b.Context(), typ, command); err != nil {
			b.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(io.Discard, transport) // ends with the connection
	}()
	b.Cleanup(func() {
		ws.CloseNow()
		<-done
	})
}

// bare is a client of the channel "bare" without an envelope, as on /channels.
type bare struct{ ws *websocket.Conn }

func (r bare) Deliver(p *hub.Publication) websocket.Result { return r.ws.SendBatch(p.Batch()) }
func (r bare) Flush(ctx context.Context) error             { return r.ws.Flush(ctx) }
func (r bare) Live(broker.Position)                        {}
func (r bare) Lost(broker.Position)                        {}
func (r bare) Gap(int)                                     {}
func (r bare) TooSlow()                                    { r.ws.CloseNow() }

func startBare(b *testing.B, channels *session.Channels) (url string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Compression: &websocket.Compression{NoContextTakeover: true}})
		if err != nil {
			return
		}
		s, err := channels.Subscribe("bare", session.Start{}, "", bare{ws})
		if err != nil {
			panic(fmt.Sprint("not subscribed: ", err))
		}
		ws.Run(func() {
			defer s.Cancel()
			s.Start()
			ws.Serve(func(websocket.MessageType, []byte) {})
		})
	}))
	b.Cleanup(server.Close)
	return strings.Replace(server.URL, "http", "ws", 1)
}
