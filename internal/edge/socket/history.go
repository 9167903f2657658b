package socket

import (
	"context"
	"math"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	defaultPage = 100 // messages or users, where the client does not say
	// readTimeout is how long a page of the log may take.
	readTimeout = 10 * time.Second
	// maxPageBytes leaves room for the rest of the reply in the 256 KiB that every client reads
	// (docs/protocol.md, Limits). A single message may be larger.
	maxPageBytes = 255 << 10
)

// history answers with a page of what a channel keeps.
func (c *conn) history(id uint64, v *protocol.History) {
	name, err := channel.Parse(v.Channel)
	if err != nil {
		c.out.refuse(id, badChannel(err))
		return
	}
	if c.handler.channels.Epoch(name) == "" {
		c.out.refuse(id, noHistory(name))
		return
	}
	if denied := c.may(auth.History, name.Pattern()); denied != nil {
		c.out.refuse(id, denied)
		return
	}
	if !c.begin(pageWeight) {
		return
	}
	c.commands.Go(func() {
		defer c.end(pageWeight)
		if err := c.client.Ask(c.work, name.Pattern()); err != nil {
			c.out.refuse(id, c.refusal("history", name, err))
			return
		}
		ctx, cancel := context.WithTimeout(c.work, readTimeout)
		defer cancel()
		limit := v.Limit
		if limit == 0 {
			limit = defaultPage
		}
		page, err := c.handler.channels.History(ctx, name, session.Start{Since: since(v.Since), Last: clamp(v.Last)}, limit)
		if err != nil {
			c.out.refuse(id, c.refusal("history", name, err))
			return
		}
		ok := historyOK(page, v.Since)
		fit(ok, c.out.encoding)
		c.out.ok(id, ok)
	})
}

func historyOK(page *broker.Page, since protocol.Positions) *protocol.HistoryOK {
	ok := &protocol.HistoryOK{
		Messages: make([]protocol.Message, len(page.Messages)),
		Position: protocol.Positions{position(page.End)},
		More:     page.More,
	}
	for i, m := range page.Messages {
		ok.Messages[i] = protocol.Message{
			Offset:  m.Offset,
			Payload: protocol.Payload{Data: m.Payload, Binary: m.Type == websocket.Binary},
			ID:      m.ID,
			Key:     m.Key,
			Meta:    m.Meta.Texts(),
			Time:    m.Time,
		}
	}
	if page.Lost && len(since) > 0 {
		ok.Lost, ok.Why = true, protocol.WhyExpired
		if epoch := since[0].Epoch; epoch != "" && epoch != page.End.Epoch {
			ok.Why = protocol.WhyReset
		}
	}
	return ok
}

// fit shortens a page until its reply is no larger than every client reads. The rest is for the next page.
func fit(ok *protocol.HistoryOK, encoding protocol.Encoding) {
	bytes := 0
	for n := range ok.Messages {
		if bytes += encoding.Prepare(&ok.Messages[n]).Len(); bytes > maxPageBytes && n > 0 {
			ok.Messages, ok.More = ok.Messages[:n], true
			ok.Position[0].Offset = ok.Messages[n-1].Offset
			return
		}
	}
}

func position(at broker.Position) protocol.Position {
	return protocol.Position{Offset: at.Offset, Epoch: at.Epoch}
}

// since turns the client's positions into those of the log.
func since(all protocol.Positions) []broker.Position {
	var positions []broker.Position
	for _, p := range all {
		positions = append(positions, broker.Position{Epoch: p.Epoch, Offset: p.Offset})
	}
	return positions
}

// clamp makes an int of a number of messages.
func clamp(n uint64) int { return int(min(n, math.MaxInt32)) }
