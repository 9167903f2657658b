package engine

import (
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
)

// Streams returns what this node knows of all streams that it has a replica of.
func (e *Engine) Streams() ([]server.StreamDetail, error) {
	account, err := e.server.JszAccount(&server.JSzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Streams: true, Config: true})
	if err != nil {
		return nil, fmt.Errorf("what this node has cannot be seen: %w", err)
	}
	return account.Streams, nil
}
