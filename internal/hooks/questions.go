package hooks

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
)

// checked is an answer that has to make sense besides being JSON; one that does not counts as a failure of
// the backend.
type checked[T any] struct {
	check func(*T) error
}

// UnmarshalJSON reads the answer and checks it.
func (c *checked[T]) UnmarshalJSON(text []byte) error {
	var answer T
	if err := json.Unmarshal(text, &answer); err != nil {
		return err
	}
	return c.check(&answer)
}

// SubscribeRequest asks whether a client may subscribe.
type SubscribeRequest struct {
	Client
	Channels channel.Pattern
}

// subscribeData is the data of the event.
type subscribeData struct {
	Client
	Channel channel.Pattern `json:"channel"`
}

// Subscribe asks whether a client may subscribe: the first hook for the channel or, about a pattern, one after the other
// each that is the first for some of its channels. It returns nil if it may, as far as hooks are concerned. The error is a
// *Refusal or an *Unavailable, or the cause of ctx.
func (h *Hooks) Subscribe(ctx context.Context, r *SubscribeRequest) error {
	q := question{kind: Subscribe, subject: string(r.Channels), data: subscribeData{r.Client, r.Channels}, harmless: true}
	for _, b := range h.deciding(Subscribe, r.Channels) {
		if err := b.ask(ctx, q, &struct{}{}); err != nil && !errors.Is(err, ErrNotAsked) {
			return err
		}
	}
	return nil
}

// deciding returns the hooks that are the first for a channel that p selects: those before and with the first that is for
// all of them.
func (h *Hooks) deciding(k Kind, p channel.Pattern) (all []*backend) {
	if h == nil {
		return nil
	}
	for _, b := range h.backends {
		if !b.wants(k, p) {
			continue
		}
		all = append(all, b)
		if b.hasAll(p) {
			break
		}
	}
	return all
}

// PublishRequest asks whether a client may publish a message, and what it is to be.
type PublishRequest struct {
	Client
	Channel channel.Name
	protocol.Payload
	ID, Key string // of the message; "" for none
}

// publishData is the data of the event.
type publishData struct {
	Client
	Channel channel.Name `json:"channel"`
	payload
	ID  string `json:"id,omitzero"`
	Key string `json:"key,omitzero"`
}

// Publish asks the first hook for the channel about a message. It returns what to publish instead, or nil if
// the message may be published as it is, as far as hooks are concerned. The error is a *Refusal or an
// *Unavailable, or the cause of ctx.
func (h *Hooks) Publish(ctx context.Context, r *PublishRequest) (*protocol.Payload, error) {
	b := h.find(Publish, r.Channel.Pattern())
	if b == nil {
		return nil, nil
	}
	carried, err := newPayload(r.Payload)
	if err != nil {
		return nil, err
	}
	var instead *protocol.Payload
	answer := checked[payload]{check: func(p *payload) error {
		if p.Data.Kind() == 0 {
			return nil
		}
		changed, err := p.read()
		instead = &changed
		return err
	}}
	q := question{kind: Publish, subject: string(r.Channel), data: publishData{r.Client, r.Channel, carried, r.ID, r.Key}}
	if err := b.ask(ctx, q, &answer); err != nil && !errors.Is(err, ErrNotAsked) {
		return nil, err
	}
	return instead, nil
}

// RPCRequest calls a method of the backend.
type RPCRequest struct {
	Client
	Method string
	protocol.Payload
}

// rpcData is the data of the event.
type rpcData struct {
	Client
	Method string `json:"method"`
	payload
}

// RPC calls a method at the first hook for rpc, and returns its result. The error is a *Refusal, an
// *Unavailable or ErrNotAsked, or the cause of ctx.
func (h *Hooks) RPC(ctx context.Context, r *RPCRequest) (protocol.Payload, error) {
	b := h.find(RPC, "")
	if b == nil {
		return protocol.Payload{}, ErrNotAsked
	}
	carried, err := newPayload(r.Payload)
	if err != nil {
		return protocol.Payload{}, err
	}
	var result protocol.Payload
	answer := checked[payload]{check: func(p *payload) (err error) {
		result, err = p.read()
		return err
	}}
	q := question{kind: RPC, subject: r.Method, data: rpcData{r.Client, r.Method, carried}}
	if err := b.ask(ctx, q, &answer); err != nil {
		return protocol.Payload{}, err
	}
	return result, nil
}
