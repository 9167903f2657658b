package session_test

import (
	"context"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// BenchmarkChecks says what permission and rate limits of a message cost, beside a write of 64 bytes to a
// socket, which is the least that the delivery of a message to one subscriber takes.
func BenchmarkChecks(b *testing.B) {
	never := policy.Rate{PerSecond: 1e9, Burst: 1e9}
	cs := session.NewClients(accessRules(b), policy.Limits{Messages: never, Bytes: never, MessagesPerUser: never, BytesPerUser: never}, nil)
	c, err := cs.Admit("test", here, identity(b, "ada", map[string]string{"chat/#": "rw"}))
	if err != nil {
		b.Fatal(err)
	}
	defer c.Leave()
	deliver := delivery(b)
	var checking, delivering time.Duration
	for b.Loop() {
		began := time.Now()
		for range 100 {
			if err := c.Allow(auth.Publish, "chat/lobby"); err != nil {
				b.Fatal(err)
			}
			if err := c.Spend(1, 64); err != nil {
				b.Fatal(err)
			}
		}
		checked := time.Now()
		for range 100 {
			deliver()
		}
		checking += checked.Sub(began)
		delivering += time.Since(checked)
	}
	b.ReportMetric(float64(checking.Nanoseconds())/float64(b.N)/100, "ns/check")
	b.ReportMetric(float64(delivering.Nanoseconds())/float64(b.N)/100, "ns/delivery")
	b.ReportMetric(100*float64(checking)/float64(delivering), "%")
}

// delivery returns a function that publishes a message to a channel with one subscriber, which is a WebSocket.
func delivery(b *testing.B) func() {
	h := hub.New()
	b.Cleanup(h.Close)
	channels, err := session.NewChannels(b.Context(), h, accessRules(b), func(context.Context, *policy.Rule) (session.Log, error) { return nil, nil })
	if err != nil {
		b.Fatal(err)
	}
	to := socketReceiver(b)
	sub, err := channels.Subscribe("open/a", session.Start{}, "", to)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(sub.Cancel)
	sub.Start()
	payload := make([]byte, 64)
	return func() {
		p := hub.NewPublication("open/a", websocket.Message{Type: websocket.Binary, Payload: payload})
		channels.Publish(b.Context(), nil, p, func(int, broker.Ack, error) {})
	}
}
