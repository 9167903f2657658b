package api

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/websocket"
)

// receiver gives a listener what its subscriptions get.
type receiver struct{ *listener }

func (r receiver) Deliver(p *hub.Publication) websocket.Result {
	for _, m := range p.Messages {
		r.heard <- string(m.Channel) + " " + m.Type.String() + " " + string(m.Payload)
	}
	return websocket.Sent
}

func (r receiver) Flush(context.Context) error { return nil }
func (r receiver) Live(broker.Position)        {}
func (r receiver) Lost(broker.Position)        { r.heard <- "lost" }
func (r receiver) Gap(int)                     { r.heard <- "gap" }
func (r receiver) TooSlow()                    {}
