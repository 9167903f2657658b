package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// client connects to /socket of a Holdfast server.
func (l *linkFlags) client(ctx context.Context, socket *url.URL) (*client.Client, error) {
	options, err := l.options(socket)
	if err != nil {
		return nil, err
	}
	// MessagePack: bytes take no more room than they have.
	c, err := client.Dial(ctx, socket.String(), &client.Options{WebSocket: options, Encoding: protocol.MessagePack, Name: "holdfast"})
	if err != nil {
		return nil, explainDial(ctx, socket, err)
	}
	return c, nil
}

// tellChanges tells on stderr how the connection breaks and comes back, until the client is over.
func tellChanges(ctx context.Context, c *client.Client, std streams) {
	lost := false
	for change := range c.States(ctx) {
		switch {
		case change.State == client.Waiting && !lost:
			fmt.Fprintln(std.err, visible(fmt.Sprintf("connection lost: %v; trying to come back", change.Err)))
			lost = true
		case change.State == client.Ready && lost:
			fmt.Fprintln(std.err, "connected again")
			lost = false
		}
	}
}

// follow prints what is published on a channel until ctx ends or enough has come, whatever becomes of
// the connection meanwhile.
func follow(ctx context.Context, socket *url.URL, name channel.Name, o *subOptions, std streams) error {
	tell := std.teller(o.verbose)
	c, err := o.client(ctx, socket)
	if err != nil {
		return err
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		tellChanges(context.Background(), c, std)
	}()
	defer func() {
		if err := c.Close(ctx); err != nil {
			tell("%v", err)
		}
		<-told
	}()
	subscription, err := c.Channel(string(name)).Subscribe(ctx, &client.SubscribeOptions{Since: o.since, Last: uint64(o.last)})
	switch {
	case err != nil && ctx.Err() != nil:
		return nil // asked to stop
	case err != nil:
		return fail(exitEnded, "%w", err)
	}
	tell("subscribed to %s on %s", name, socket.Host)
	out := messagePrinter{w: std.out, terminal: std.outTerminal, json: o.json}
	received := 0
	for message, err := range subscription.Messages(ctx) {
		switch {
		case isMissing(err):
			fmt.Fprintln(std.err, visible(err.Error()))
			continue
		case err != nil && ctx.Err() != nil:
			return nil
		case err != nil:
			return fail(exitEnded, "%w", err)
		}
		typ := websocket.Text
		if message.Binary {
			typ = websocket.Binary
		}
		if err := out.print(typ, message.Data); err != nil {
			return fail(exitFailed, "cannot write to stdout: %w", err)
		}
		if received++; received == o.count {
			return nil
		}
	}
	return nil
}

// isMissing tells whether err says that messages are missing and more will come.
func isMissing(err error) bool {
	var lost *client.Lost
	var gap *client.Gap
	return errors.As(err, &lost) || errors.As(err, &gap)
}
