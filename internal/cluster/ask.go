package cluster

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Why there is no answer. An error that is none of these is what the other node's Answerer said, or the end of ctx.
var (
	ErrGone    = errors.New("the node is not there (any more)")
	ErrBusy    = errors.New("too many questions wait for answers; ask again later")
	ErrUnknown = errors.New("the node does not answer such questions; it may be of another version")
	ErrTimeout = errors.New("the node has not answered in time")
	ErrUnsent  = errors.New("the question could not be sent: it is too large, or there is no connection to the other nodes")
)

// Answerer answers what another node asks. It may block until ctx ends, which it does when who asks waits no more.
type Answerer func(ctx context.Context, from string, body []byte) ([]byte, error)

// Answer is what a node has answered.
type Answer struct {
	Node Node
	Body []byte
	Err  error
}

const (
	maxAnswering = 256      // at the same time
	maxAsking    = 16 << 10 // likewise
	askTimeout   = 10 * time.Second
)

// The status of an answer.
const (
	statusOK      = ""
	statusError   = "error" // the body says which
	statusBusy    = "busy"
	statusUnknown = "unknown"
)

// Answer has f answer what nodes ask of a topic, this one included. Each call has a goroutine; there are at most 256 for all
// questions from other nodes together, and whoever asks more is told ErrBusy. It is called before Start, once for each topic.
func (c *Cluster) Answer(topic string, f Answerer) { c.answerers[topic] = f }

// Ask asks a node, which may be this one. It waits until ctx ends or the node goes, but at most ten seconds. What the
// other node's Answerer returns as its error comes as a text only: what is to be told apart belongs into the body.
func (c *Cluster) Ask(ctx context.Context, node, topic string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, askTimeout, ErrTimeout)
	defer cancel()
	if node == c.id {
		return c.answerSelf(ctx, topic, body)
	}
	left := askTimeout
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	head := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(body)), uint64(max(left.Milliseconds(), 0)))
	return c.ask(ctx, node, frame{kind: kindAsk, topic: topic, body: append(head, body...)})
}

// AskAll asks all other nodes at the same time, and returns what each has answered, by the name of the node.
func (c *Cluster) AskAll(ctx context.Context, topic string, body []byte) []Answer {
	others := c.others()
	answers := make([]Answer, len(others))
	var asking sync.WaitGroup
	for i, n := range others {
		answers[i].Node = n
		asking.Go(func() { answers[i].Body, answers[i].Err = c.Ask(ctx, n.ID, topic, body) })
	}
	asking.Wait()
	return answers
}

// answerSelf asks this node.
func (c *Cluster) answerSelf(ctx context.Context, topic string, body []byte) ([]byte, error) {
	f := c.answerers[topic]
	if f == nil {
		return nil, fmt.Errorf("%s: %w", topic, ErrUnknown)
	}
	return f(ctx, c.id, body)
}

// questions are those that wait for their answers.
type questions struct {
	mu   sync.Mutex // guards what follows
	last uint64
	open map[uint64]chan frame
}

// add returns a number for a question, and where its answer comes.
func (q *questions) add() (number uint64, answer chan frame, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.open) >= maxAsking {
		return 0, nil, false
	}
	q.last++
	answer = make(chan frame, 1)
	q.open[q.last] = answer
	return q.last, answer, true
}

func (q *questions) drop(number uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.open, number)
}

// answered takes an answer to where it is waited for, if it is.
func (q *questions) answered(f frame) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if answer := q.open[f.number]; answer != nil {
		delete(q.open, f.number)
		answer <- f
	}
}

// ask asks another node and waits.
func (c *Cluster) ask(ctx context.Context, node string, f frame) ([]byte, error) {
	p := c.peer(node)
	if p == nil {
		return nil, ErrGone
	}
	number, answer, ok := c.questions.add()
	if !ok {
		return nil, ErrBusy
	}
	defer c.questions.drop(number)
	f.number = number
	if !c.send(subjectTo+node, f) {
		return nil, ErrUnsent
	}
	select {
	case a := <-answer:
		return a.answer()
	case <-p.gone.Done():
		return nil, ErrGone
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// answer returns what an answer says.
func (f *frame) answer() ([]byte, error) {
	switch f.topic {
	case statusOK:
		return f.body, nil
	case statusBusy:
		return nil, ErrBusy
	case statusUnknown:
		return nil, ErrUnknown
	default:
		return nil, errors.New(cmp.Or(string(f.body), f.topic))
	}
}

// answer has a question answered. events is held.
func (c *Cluster) answer(f frame) {
	reply := func(status string, body []byte) {
		c.send(subjectTo+f.from, frame{kind: kindAnswer, topic: status, number: f.number, body: body})
	}
	millis, n := binary.Uvarint(f.body)
	if n <= 0 {
		c.unreadable(f, errFrame)
		return
	}
	answerer := c.answerers[f.topic]
	if answerer == nil {
		reply(statusUnknown, nil)
		return
	}
	select {
	case c.answering <- struct{}{}:
	default:
		c.counts.busy.Add(1)
		reply(statusBusy, nil)
		return
	}
	c.running.Go(func() {
		defer func() { <-c.answering }()
		ctx, cancel := context.WithTimeoutCause(c.work, min(time.Duration(millis)*time.Millisecond, askTimeout), ErrTimeout)
		defer cancel()
		body, err := answerer(ctx, f.from, f.body[n:])
		switch {
		case err != nil:
			reply(statusError, []byte(err.Error()))
		case len(body)+maxHeaderBytes > c.bus.maxBytes():
			reply(statusError, fmt.Appendf(nil, "the answer has %d bytes, and may have %d", len(body), c.bus.maxBytes()-maxHeaderBytes))
		default:
			reply(statusOK, body)
		}
	})
}
