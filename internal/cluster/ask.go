package cluster

import (
	"context"
	"errors"
	"fmt"
)

// Why there is no answer. An error that is none of these is what the other node's Answerer said, or the end of ctx.
var (
	ErrGone    = errors.New("the node is not there (any more)")
	ErrBusy    = errors.New("the node has too many questions to answer; ask again later")
	ErrUnknown = errors.New("the node does not answer such questions; it may be of another version")
)

// Answerer answers what another node asks. It may block until ctx ends, which it does when who asks waits no more.
type Answerer func(ctx context.Context, from string, body []byte) ([]byte, error)

// Answer is what a node has answered.
type Answer struct {
	Node Node
	Body []byte
	Err  error
}

// Answer has f answer what nodes ask of a topic, this one included. Each call has a goroutine; there are at most 256 for all
// questions from other nodes together, and whoever asks more is told ErrBusy. It is called before Start, once for each topic.
func (c *Cluster) Answer(topic string, f Answerer) { c.answerers[topic] = f }

// Ask asks a node, which may be this one. It waits until ctx ends, but at most ten seconds. What the other node's
// Answerer returns as its error comes as a text only: what is to be told apart belongs into the body.
func (c *Cluster) Ask(ctx context.Context, node, topic string, body []byte) ([]byte, error) {
	if node == c.Self().ID {
		return c.answerSelf(ctx, topic, body)
	}
	return nil, ErrGone
}

// AskAll asks all other nodes at the same time, and returns what each has answered, by the name of the node.
func (c *Cluster) AskAll(ctx context.Context, topic string, body []byte) []Answer { return nil }

// answerSelf asks this node.
func (c *Cluster) answerSelf(ctx context.Context, topic string, body []byte) ([]byte, error) {
	f := c.answerers[topic]
	if f == nil {
		return nil, fmt.Errorf("%s: %w", topic, ErrUnknown)
	}
	return f(ctx, c.Self().ID, body)
}
