package socket

import (
	"testing"

	"github.com/holdfast-dev/holdfast/protocol"
)

func TestAnAnswerWaitsForThoseBeforeItInItsChannel(t *testing.T) {
	e := start(t)
	c := e.dial()
	id := c.connect(nil).Session.ID
	e.sessions.mu.Lock()
	a := &e.sessions.open[id].answers
	e.sessions.mu.Unlock()

	one, two, three := a.expect("a", 11), a.expect("a", 12), a.expect("a", 13)
	other := a.expect("b", 14)
	a.give("a", three, &protocol.PublishOK{Offset: 3}, nil)
	a.give("a", two, nil, protocol.Errorf(protocol.CodeLogFull, "full"))
	a.give("b", other, &protocol.PublishOK{}, nil)
	c.reply(14, &protocol.PublishOK{})
	a.give("a", one, &protocol.PublishOK{Offset: 1}, nil)
	c.reply(11, &protocol.PublishOK{})
	c.wantRefused(12, protocol.CodeLogFull, "full")
	c.reply(13, &protocol.PublishOK{})
	if len(a.pending) != 0 {
		t.Errorf("%d channels are kept", len(a.pending))
	}
}
