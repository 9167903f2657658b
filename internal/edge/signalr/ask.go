package signalr

import (
	"context"
	"errors"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
)

// maxAsked bounds what a client is asked at a time.
const maxAsked = 100

var errAskedTooMuch = errors.New("the client is asked too much at a time; try again when it has answered")

// ClientError is what a client has answered instead of a result.
type ClientError struct{ Message string }

func (e *ClientError) Error() string { return "the client has answered with an error: " + e.Message }

// Ask invokes a method of the client with arguments, a JSON array, and returns its result as JSON. The error is a *ClientError, that of
// ctx, or tells that the client is gone. The other side of the connection is not trusted: the result may be anything.
func (c *conn) Ask(ctx context.Context, method string, arguments []byte) (result []byte, err error) {
	var elements []jsontext.Value
	if err := json.Unmarshal(arguments, &elements); err != nil {
		return nil, badArgument("the arguments are a JSON array: %v", err)
	}
	question := &hubproto.Invocation{Target: method}
	for _, e := range elements {
		question.Arguments = append(question.Arguments, hubproto.JSON(compact(e)))
	}
	answer := make(chan *hubproto.Completion, 1)
	if question.ID, err = c.expect(answer); err != nil {
		return nil, err
	}
	defer c.forgetResult(question.ID)
	c.out.say(question)
	select {
	case a := <-answer:
		if a.Error != "" {
			return nil, &ClientError{a.Error}
		}
		return a.Result.AppendJSON(nil), nil
	case <-c.over:
		return nil, errLeft
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
		return "", errLeft
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
