package server

import (
	"context"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// put stores what the server keeps for itself, beside the channels of its clients, in a log of its own.
func put(ctx context.Context, log *broker.Log, name channel.Name, value []byte) error {
	done := make(chan error, 1)
	m := &broker.Message{Channel: name, Type: websocket.Binary, Payload: value, Time: time.Now()}
	log.Append(ctx, m, func(_ broker.Ack, err error) { done <- err })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
