package signalr

import (
	"context"
	"strconv"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// maxAsked bounds what a client is asked at a time.
const maxAsked = 100

var errAskedTooMuch = protocol.Errorf(protocol.CodeTooMany, "the client is asked too much at a time (%d); try again when it has answered", maxAsked)

// Invoke implements session.Invokable.
func (c *conn) Invoke(ctx context.Context, method string, arguments []byte) (result []byte, err error) {
	elements, err := elementsOf(arguments)
	if err != nil {
		return nil, badArgument("the arguments are not a JSON array: %v", err)
	}
	question := &hubproto.Invocation{Target: method, Arguments: elements}
	answer := make(chan *hubproto.Completion, 1)
	if question.ID, err = c.expect(answer); err != nil {
		return nil, err
	}
	defer c.forgetResult(question.ID)
	c.out.say(question)
	select {
	case a := <-answer:
		if a.Error != "" {
			return nil, &session.ClientError{Message: a.Error}
		}
		return a.Result.AppendJSON(nil), nil
	case <-c.over:
		return nil, session.ErrGone
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// expect returns an id whose completion goes to answer.
func (c *conn) expect(answer chan<- *hubproto.Completion) (id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return "", session.ErrGone
	case len(c.results) >= maxAsked:
		return "", errAskedTooMuch
	}
	c.asked++
	id = "h" + strconv.FormatUint(c.asked, 10)
	c.results[id] = answer
	return id, nil
}

func (c *conn) forgetResult(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.results, id)
}

// result takes the answer to a question. It returns false if there is no such question.
func (c *conn) result(m *hubproto.Completion) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := c.results[m.ID]
	if answer == nil {
		return false
	}
	delete(c.results, m.ID)
	answer <- m // it has room for one
	return true
}
