package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/socket"
)

const (
	keyLogName = "//keys" // which is no pattern, so that no rule has it
	sessionKey = channel.Name("session")
)

// openSessionKey returns the key that the secrets of sessions are signed with. Nodes that share their logs share
// the key that is there, so that a client can come back to any of them; a node of its own has it in a
// file, or, without one, a key that ends with the server.
func openSessionKey(ctx context.Context, c Config, logs *broker.Broker) ([]byte, error) {
	switch {
	case logs != nil && logs.Shared():
		return sharedKey(ctx, logs)
	case c.SessionKey == "":
		return socket.NewKey(), nil
	}
	return socket.OpenKey(c.SessionKey)
}

// sharedKey returns the key in a log of its own. Whoever comes first puts one there; of several that do so at the
// same time all take the first.
func sharedKey(ctx context.Context, logs *broker.Broker) (key []byte, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("the key of the sessions can't be had from the NATS server: %w", err)
		}
	}()
	log, err := logs.Log(ctx, keyLogName, broker.Retention{})
	if err != nil {
		return nil, err
	}
	key, err = firstKey(ctx, log)
	if key != nil || err != nil {
		return key, err
	}
	if err = put(ctx, log, sessionKey, socket.NewKey()); err != nil {
		return nil, err
	}
	if key, err = firstKey(ctx, log); key == nil && err == nil {
		err = errors.New("it has been stored, and is not there")
	}
	return key, err
}

// firstKey returns the first key in a log, or nil.
func firstKey(ctx context.Context, log *broker.Log) ([]byte, error) {
	page, err := log.Read(ctx, sessionKey.Pattern(), 0, 1)
	if err != nil || len(page.Messages) == 0 {
		return nil, err
	}
	return page.Messages[0].Payload, nil
}
