package client

import (
	"context"
	"fmt"

	"github.com/holdfast-dev/holdfast/protocol"
)

// awaiter waits for a reply. Its method is called with Client.mu held.
type awaiter interface {
	replied(l *link, r *protocol.Reply)
}

// call is a command that is neither a publication nor a subscription. Guarded by Client.mu.
type call struct {
	c      *Client
	id     uint64
	verb   protocol.Verb
	repeat bool  // asking twice does no harm
	link   *link // that it was sent on; nil while it waits

	// done is called once, with the lock held.
	done func(r *protocol.Reply, err error)
}

func (k *call) replied(_ *link, r *protocol.Reply) { k.settle(r, nil) }

func (k *call) settle(r *protocol.Reply, err error) {
	delete(k.c.awaiting, k.id)
	delete(k.c.calls, k.id)
	if err == nil && r.Err != nil {
		err = r.Err
	}
	k.done(r, err)
}

// begin sends a command now, or as soon as there is a connection. Lock held.
func (c *Client) begin(verb protocol.Verb, repeat bool, done func(*protocol.Reply, error)) *call {
	k := &call{c: c, id: c.number(), verb: verb, repeat: repeat, done: done}
	c.awaiting[k.id], c.calls[k.id] = k, k
	if c.current != nil {
		k.send(c.current)
	}
	return k
}

// send sends the command, unless it is too large. One that may be waits until the limit is known.
func (k *call) send(l *link) {
	command := l.encoding.AppendCommand(nil, protocol.Command{ID: k.id, Verb: k.verb})
	switch tooLarge := k.c.checkSize(l, len(command)); {
	case tooLarge == nil:
		k.link = l
		l.sendEncoded(command)
	case l.greeted:
		k.settle(nil, tooLarge)
	}
}

// ask runs a command and reads what it is answered with.
func (c *Client) ask(ctx context.Context, verb protocol.Verb, repeat bool, into protocol.Result) error {
	type answer struct {
		reply *protocol.Reply
		err   error
	}
	answers := make(chan answer, 1)
	c.mu.Lock()
	if err := c.usable(); err != nil {
		c.mu.Unlock()
		return err
	}
	k := c.begin(verb, repeat, func(r *protocol.Reply, err error) { answers <- answer{r, err} })
	c.mu.Unlock()
	select {
	case a := <-answers:
		if a.err != nil {
			return a.err
		}
		return a.reply.Result(into)
	case <-ctx.Done():
		c.mu.Lock()
		defer c.mu.Unlock()
		sent := k.link != nil
		delete(c.awaiting, k.id)
		delete(c.calls, k.id)
		if sent && !repeat {
			return fmt.Errorf("%w: %w", ErrUncertain, context.Cause(ctx))
		}
		return context.Cause(ctx)
	}
}

// RPC calls a method of the backend. A call is not repeated: when the connection is lost before the
// answer has come, the error is ErrUncertain.
func (c *Client) RPC(ctx context.Context, method string, data Payload) (Payload, error) {
	if err := checkTexts(data, method); err != nil {
		return Payload{}, err
	}
	var ok protocol.RPCOK
	err := c.ask(ctx, &protocol.RPC{Method: method, Payload: data}, false, &ok)
	return ok.Payload, err
}
