// Package hookstest has a backend without HTTP, for the tests of those who ask one.
package hookstest

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/protocol"
)

// Backend answers as its functions say. What it has no function for it does not want to be asked or told.
type Backend struct {
	Channels channel.Pattern // it wants to be asked and told about; "" for all
	Wants    []string        // of a request's header

	OnConnect   func(context.Context, *hooks.ConnectRequest) (*hooks.ConnectReply, error)
	OnSubscribe func(context.Context, *hooks.SubscribeRequest) error
	OnPublish   func(context.Context, *hooks.PublishRequest) (*protocol.Payload, error)
	OnRPC       func(context.Context, *hooks.RPCRequest) (protocol.Payload, error)
	OnEvent     func(hooks.Event) // which must not wait
}

// Asks tells whether there is a function.
func (b *Backend) Asks(kind hooks.Kind, channels channel.Pattern) bool {
	about := b.Channels == "" || b.Channels.Overlaps(channels)
	switch kind {
	case hooks.Connect:
		return b.OnConnect != nil
	case hooks.Subscribe:
		return b.OnSubscribe != nil && about
	case hooks.Publish:
		return b.OnPublish != nil && about
	case hooks.RPC:
		return b.OnRPC != nil
	}
	return false
}

// Tells tells whether there is OnEvent.
func (b *Backend) Tells(kind hooks.Kind, name channel.Name) bool {
	return b.OnEvent != nil && (b.Channels == "" || kind == hooks.Disconnect || b.Channels.Matches(name))
}

// Tell calls OnEvent.
func (b *Backend) Tell(e hooks.Event) {
	if b.Tells(e.Kind, e.Channel) {
		b.OnEvent(e)
	}
}

// Headers returns Wants.
func (b *Backend) Headers() []string { return b.Wants }

// Connect calls OnConnect.
func (b *Backend) Connect(ctx context.Context, r *hooks.ConnectRequest) (*hooks.ConnectReply, error) {
	return b.OnConnect(ctx, r)
}

// Subscribe calls OnSubscribe.
func (b *Backend) Subscribe(ctx context.Context, r *hooks.SubscribeRequest) error {
	return b.OnSubscribe(ctx, r)
}

// Publish calls OnPublish.
func (b *Backend) Publish(ctx context.Context, r *hooks.PublishRequest) (*protocol.Payload, error) {
	return b.OnPublish(ctx, r)
}

// RPC calls OnRPC.
func (b *Backend) RPC(ctx context.Context, r *hooks.RPCRequest) (protocol.Payload, error) {
	return b.OnRPC(ctx, r)
}

// Refuse returns what a backend refuses with.
func Refuse(code protocol.Code, message string) error {
	return &hooks.Refusal{Hook: "test", Answer: protocol.Errorf(code, "%s", message)}
}
