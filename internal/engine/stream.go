package engine

import (
	"fmt"

	"github.com/nats-io/nats-server/v2/server"
)

// Stream returns what this node knows of a stream that it has a replica of, without asking another.
func (e *Engine) Stream(name string) (*server.StreamDetail, error) {
	all, err := e.Streams()
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Name == name {
			return &all[i], nil
		}
	}
	return nil, fmt.Errorf("this node has no replica of the stream %q", name)
}

// Streams returns what this node knows of all streams that it has a replica of.
func (e *Engine) Streams() ([]server.StreamDetail, error) {
	account, err := e.server.JszAccount(&server.JSzOptions{Account: server.DEFAULT_GLOBAL_ACCOUNT, Streams: true, Config: true})
	if err != nil {
		return nil, fmt.Errorf("what this node has cannot be seen: %w", err)
	}
	return account.Streams, nil
}
