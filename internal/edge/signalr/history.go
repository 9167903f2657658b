package signalr

import (
	"context"
	"encoding/base64"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// historyOptions are the options of History.
type historyOptions struct {
	Since string `json:"since"` // positions, behind which the page begins
	Last  int    `json:"last"`  // of the newest messages
	Limit int    `json:"limit"`

	since []broker.Position
}

// past is the answer to History.
type past struct {
	Messages []stored `json:"messages"`
	Position string   `json:"position"` // to go on from with since
	More     bool     `json:"more,omitzero"`
	Lost     bool     `json:"lost,omitzero"` // messages behind since are not kept any more, or may not be
}

// stored is a message of the history.
type stored struct {
	Offset uint64   `json:"offset"`
	Data   string   `json:"data"` // base64 if binary
	Binary bool     `json:"binary,omitzero"`
	ID     string   `json:"id,omitzero"`
	Key    string   `json:"key,omitzero"`
	Time   int64    `json:"time"`          // in milliseconds since 1970
	Meta   []string `json:"meta,omitzero"` // user properties of MQTT
}

// history answers with a page of what a channel keeps.
func (c *conn) history(k *call, name channel.Name, o historyOptions) {
	most, err := limit(o.Limit)
	if err == nil {
		err = c.client.Allow(auth.History, name.Pattern())
	}
	if err != nil {
		k.fail(err)
		return
	}
	if !c.begin(pageWeight) {
		return
	}
	c.commands.Go(func() {
		defer c.release(pageWeight)
		ctx, cancel := context.WithTimeout(c.work, readTimeout)
		defer cancel()
		if err := c.client.Ask(ctx, name.Pattern()); err != nil {
			k.fail(err)
			return
		}
		page, err := c.handler.channels.History(ctx, name, session.Start{Since: o.since, Last: o.Last}, most)
		if err != nil {
			k.fail(err)
			return
		}
		p := past{Messages: []stored{}, Position: page.End.String(), More: page.More, Lost: page.Lost && len(o.since) > 0}
		for _, m := range page.Messages {
			s := stored{Offset: m.Offset, Data: string(m.Payload), ID: m.ID, Key: m.Key, Time: m.Time.UnixMilli(), Meta: m.Meta.Texts()}
			if m.Type == websocket.Binary {
				s.Data, s.Binary = base64.StdEncoding.EncodeToString(m.Payload), true
			}
			p.Messages = append(p.Messages, s)
		}
		k.answer(p)
	})
}
