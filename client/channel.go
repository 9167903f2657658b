package client

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/holdfast-dev/holdfast/protocol"
)

// Channel is a channel of a client. It costs nothing until it is used.
type Channel struct {
	c    *Client
	name string
}

// Channel returns the channel of that name. The server judges the name when it is used.
func (c *Client) Channel(name string) *Channel { return &Channel{c, name} }

// Name returns the channel's name.
func (ch *Channel) Name() string { return ch.name }

// Subscribe asks for the channel's messages, and returns when the server has agreed. It waits for a
// connection if there is none. o may be nil.
func (ch *Channel) Subscribe(ctx context.Context, o *SubscribeOptions) (*Subscription, error) {
	return ch.c.subscribe(ctx, ch.name, false, o)
}

// Publish sends a message and waits until the server has stored it, or, without history, given it to
// whoever is there. It is sent again after a drop, and when the server refuses it for a while. When ctx
// ends it is given up: the error is ErrUncertain, too, if it may have been stored. o may be nil.
func (ch *Channel) Publish(ctx context.Context, data Payload, o *PublishOptions) (Ack, error) {
	p, err := ch.PublishAsync(ctx, data, o)
	if err != nil {
		return Ack{}, err
	}
	ack, err := p.Wait(ctx)
	select {
	case <-p.done:
		return ack, err
	default:
		return p.ack, p.withdraw(err)
	}
}

// PublishAsync is Publish that does not wait for the acknowledgement, so that many can be on their way.
// They are stored in the order of the calls, except that one which the server refuses for a while may
// come behind later ones; see Options.Window. ctx bounds the wait for room only. The payload is not
// copied and must not be changed until the publication is done.
func (ch *Channel) PublishAsync(ctx context.Context, data Payload, o *PublishOptions) (*Publication, error) {
	verb := &protocol.Publish{Channel: ch.name, Payload: data}
	if o != nil {
		verb.ID, verb.Key = o.ID, o.Key
	}
	return ch.c.publish(ctx, verb)
}

// HistoryOptions say which messages to read. Since and Last exclude each other; with neither it is all that
// are kept.
type HistoryOptions struct {
	Since string // behind this position
	Last  uint64 // the newest so many, at most 1000
}

// History yields messages that the channel keeps, oldest first, and asks for pages of them as it goes. A
// *Lost tells that messages behind Since are not kept any more, and the iteration goes on; any other error is
// the last thing that it yields. o may be nil.
func (ch *Channel) History(ctx context.Context, o *HistoryOptions) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if err := checkTexts(Payload{}, ch.name); err != nil {
			yield(Message{}, err)
			return
		}
		ask := protocol.History{Channel: ch.name, Limit: protocol.MaxPage}
		if o != nil {
			since, err := parseSince(o.Since, o.Last)
			if err != nil {
				yield(Message{}, err)
				return
			}
			ask.Since, ask.Last = since, o.Last
		}
		for {
			var page protocol.HistoryOK
			if err := ch.c.ask(ctx, &ask, true, &page); err != nil {
				yield(Message{}, err)
				return
			}
			if page.Lost && !yield(Message{}, &Lost{Channel: ch.name, Since: ask.Since.String(), Position: page.Position.String(), Why: page.Why}) {
				return
			}
			for i := range page.Messages {
				if !yield(pagedMessage(ch.name, page.Position, &page.Messages[i]), nil) {
					return
				}
			}
			if !page.More || ask.Last != 0 {
				return
			}
			ask = protocol.History{Channel: ch.name, Limit: protocol.MaxPage, Since: page.Position}
		}
	}
}

func pagedMessage(channel string, behind protocol.Positions, m *protocol.Message) Message {
	epoch := m.Epoch
	if epoch == "" && len(behind) == 1 {
		epoch = behind[0].Epoch
	}
	return Message{Channel: channel, Offset: m.Offset, Epoch: epoch, Payload: m.Payload, ID: m.ID, Key: m.Key, Meta: m.Meta, Time: m.Time}
}

// Presence returns who is in the channel, and how many. It asks for pages until it has all; a user may be in
// several entries.
func (ch *Channel) Presence(ctx context.Context) ([]protocol.User, protocol.Count, error) {
	if err := checkTexts(Payload{}, ch.name); err != nil {
		return nil, protocol.Count{}, err
	}
	var all []protocol.User
	ask := protocol.Presence{Channel: ch.name, Limit: protocol.MaxPage}
	for {
		var page protocol.PresenceOK
		if err := ch.c.ask(ctx, &ask, true, &page); err != nil {
			return nil, protocol.Count{}, err
		}
		all = append(all, page.Users...)
		if page.Next == "" {
			return all, page.Count, nil
		}
		ask = protocol.Presence{Channel: ch.name, Limit: protocol.MaxPage, After: page.Next}
	}
}

// Pattern is all channels whose names match.
type Pattern struct {
	c       *Client
	pattern string
}

// Pattern returns a pattern, as in "sensors/+/temp" or "chat/#".
func (c *Client) Pattern(pattern string) *Pattern { return &Pattern{c, pattern} }

// Subscribe is like that of Channel.
func (p *Pattern) Subscribe(ctx context.Context, o *SubscribeOptions) (*Subscription, error) {
	return p.c.subscribe(ctx, p.pattern, true, o)
}

func (c *Client) subscribe(ctx context.Context, name string, pattern bool, o *SubscribeOptions) (*Subscription, error) {
	s := &Subscription{c: c, name: name, pattern: pattern, queue: newQueue(c.options.Queue), first: make(chan struct{})}
	if o != nil {
		s.options = *o
	}
	err := checkTexts(Payload{}, name)
	if err == nil {
		s.since, err = parseSince(s.options.Since, s.options.Last)
	}
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if err := c.usable(); err != nil {
		c.mu.Unlock()
		return nil, err
	}
	s.number = c.number()
	c.subs[s.number] = s
	if c.current != nil {
		s.ask(c.current)
	}
	c.mu.Unlock()
	select {
	case <-s.first:
		if s.firstErr != nil {
			return nil, fmt.Errorf("holdfast: cannot subscribe to %s: %w", name, s.firstErr)
		}
		return s, nil
	case <-ctx.Done():
		s.Close()
		return nil, context.Cause(ctx)
	}
}

func parseSince(since string, last uint64) (protocol.Positions, error) {
	switch {
	case since == "":
		return nil, nil
	case last != 0:
		return nil, errors.New("holdfast: Since and Last exclude each other")
	}
	positions, err := protocol.ParsePositions(since)
	if err != nil {
		return nil, fmt.Errorf("holdfast: Since: %w", err)
	}
	return positions, nil
}
