package signalr

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr/hubproto"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

// call is an invocation by the client, until it has been answered.
type call struct {
	conn      *conn
	id        string // "" if nobody waits for an answer
	method    string // as the client writes it
	arguments []hubproto.Value
	streams   []string
	streaming bool
}

// invoke begins an invocation. The error is a fault of the client.
func (c *conn) invoke(m *hubproto.Invocation, bytes int) error {
	k := &call{c, m.ID, m.Target, m.Arguments, m.Streams, m.Streaming}
	if k.id == "" { // it can't be told to wait, so it is kept waiting
		if !c.client.Pace(c.over, 1, bytes) {
			return nil
		}
	} else if err := c.client.Spend(1, bytes); err != nil {
		k.fail(err)
		return nil
	}
	key := strings.ToLower(m.Target)
	if own := c.hub.methods[key]; key != "publish" && (own == nil || own.does != publishes) {
		c.publishBurst() // what follows is begun behind it
	}
	if own := c.hub.methods[key]; own != nil {
		k.runOwn(own)
		return nil
	}
	does := builtin[key]
	switch {
	case does == nil:
		return k.ask()
	case does.streams && !k.streaming:
		k.complain("The client attempted to invoke the streaming '%s' method with a non-streaming invocation.", k.method)
	case !does.streams && k.streaming:
		k.isNoStream()
	case len(k.arguments) < does.least || len(k.arguments) > does.most:
		k.complain("The method '%s' takes %s, and has %d.", k.method, does.takes, len(k.arguments))
	default:
		does.run(c, k)
	}
	return nil
}

// isNoStream completes a call that was invoked as a stream, and can't be, in the words of ASP.NET Core.
func (k *call) isNoStream() {
	k.complain("The client attempted to invoke the non-streaming '%s' method with a streaming invocation.", k.method)
}

// runOwn does what the configuration says that a method does.
func (k *call) runOwn(m *method) {
	if k.streaming {
		k.isNoStream()
		return
	}
	name, others, err := m.to.expand(k.arguments)
	if err != nil {
		k.fail(badChannel(err))
		return
	}
	switch m.does {
	case publishes:
		k.conn.publish(k, name, hubproto.JSON(array(others)), publishOptions{})
	case subscribes:
		k.conn.subscribe(k, name.Pattern(), subscribeOptions{})
	case unsubscribes:
		k.conn.unsubscribe(k, name)
	}
}

// array returns values as one JSON array.
func array(values []hubproto.Value) []byte {
	b := []byte{'['}
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = v.AppendJSON(b)
	}
	return append(b, ']')
}

// complete answers with a result, which may be none. It does not block.
func (k *call) complete(result hubproto.Value) {
	if k.id != "" {
		k.conn.out.say(&hubproto.Completion{ID: k.id, Result: result})
	}
}

// answer completes the call with v as JSON.
func (k *call) answer(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		k.fail(err)
		return
	}
	k.complete(hubproto.JSON(b))
}

// complain completes the call with an error that nobody has to look into.
func (k *call) complain(format string, args ...any) {
	if k.id != "" {
		k.conn.out.say(&hubproto.Completion{ID: k.id, Error: fmt.Sprintf(format, args...)})
	}
}

// fail completes the call with an error: its code in the Holdfast protocol, what it says, and by what the audit knows it.
func (k *call) fail(err error) {
	c := k.conn
	if errors.Is(err, context.Canceled) && c.isOver() {
		return
	}
	v, ref := door.VerdictOf(err), c.handler.door.Tell(c.client, err)
	if v.Code == protocol.CodeInternal {
		c.handler.config.Log.Warn("call failed", "path", c.hub.path, "method", k.method, "ref", ref, "error", err)
	}
	k.complain("%s: %v (ref %s)", v.Code, err, ref)
}

// ask has the backend answer a method that nobody here knows: its arguments are a JSON array, and if it was invoked as a stream, so is the
// answer. The error is a fault of the client.
func (k *call) ask() error {
	c := k.conn
	if len(k.streams) > 0 {
		return k.gather()
	}
	k.askWith(array(k.arguments))
	return c.work.Err()
}

// askWith asks with the arguments.
func (k *call) askWith(arguments []byte) {
	c := k.conn
	weight := int64(len(arguments))
	if !c.begin(weight) {
		return
	}
	ctx, cancel := context.WithCancel(c.work)
	c.remember(k.id, cancel)
	c.commands.Go(func() {
		defer c.release(weight)
		defer c.forget(k.id, cancel)
		result, err := c.client.Call(ctx, k.method, protocol.Payload{Data: arguments})
		switch {
		case errors.Is(err, session.ErrNoMethods):
			k.complain("Unknown hub method '%s'", k.method)
		case errors.Is(err, context.Canceled):
			k.complain("the call has been cancelled")
		case err != nil:
			k.fail(err)
		case k.streaming:
			k.streamOut(result)
		default:
			k.complete(valueOf(result))
		}
	})
}

// valueOf returns what a backend has answered.
func valueOf(p protocol.Payload) hubproto.Value {
	switch {
	case p.Binary:
		return hubproto.Binary(p.Data)
	case jsontext.Value(p.Data).IsValid():
		return hubproto.JSON(compact(p.Data))
	}
	return hubproto.Text(string(p.Data))
}

// streamOut sends the elements of an array one by one, or anything else as the only item.
func (k *call) streamOut(p protocol.Payload) {
	items := []hubproto.Value{valueOf(p)}
	if !p.Binary && jsontext.Value(p.Data).Kind() == '[' {
		if elements, err := elementsOf(p.Data); err == nil {
			items = elements
		}
	}
	for _, item := range items {
		if k.conn.out.settle(k.conn.work) != nil {
			return
		}
		k.conn.out.say(&hubproto.StreamItem{ID: k.id, Item: item})
	}
	k.complete(hubproto.Value{})
}

// remember notes how a call is cancelled.
func (c *conn) remember(id string, cancel context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id != "" {
		c.calls[id] = cancel
	}
}

func (c *conn) forget(id string, cancel context.CancelFunc) {
	cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}

// cancel ends a stream, or a call that waits for the backend. One that there is not, or not any more, is ignored.
func (c *conn) cancel(id string) {
	c.mu.Lock()
	cancel, s := c.calls[id], c.streams[id]
	delete(c.streams, id)
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	if s != nil {
		<-s.begun
		s.cancel()
		c.part(s)
		c.out.say(&hubproto.Completion{ID: id})
	}
}
