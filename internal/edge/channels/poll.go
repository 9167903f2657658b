package channels

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// poll is a GET that waits for a message behind its position. It is the receiver of a subscription that gives it one publication.
type poll struct {
	name  channel.Name
	ended chan struct{} // closed when there is an answer, of which the fields below say what

	mu   sync.Mutex // guards what follows until ended is closed
	over bool
	got  *hub.Publication // what has come, nil if nothing
	lost bool             // there was something before, and there is no more
	at   broker.Position  // where the poll leads to if nothing has come
	end  error            // why the client may not wait any longer
}

// pollForm is the key of a publication's wire form as the answer to a poll.
type pollForm struct{}

var errNoPolls = errors.New("the channel keeps no history, so that who polls it would miss what is published between two polls; " +
	"give it one (channels[].history), or use a WebSocket or an event stream")

// servePoll answers a GET as soon as there is something behind its position, or with an empty array when the time is up. Without a
// position it answers at once, with the one to go on from: who polls again from where an answer leads to misses nothing.
func (h *Handler) servePoll(w http.ResponseWriter, r *http.Request, name channel.Name, q query) {
	client, ok := h.door.Stay(w, r) // it holds as much as any other connection
	if !ok {
		return
	}
	defer client.Leave()
	if err := client.Allow(auth.History, name.Pattern()); err != nil {
		h.door.Refuse(w, r, client, err)
		return
	}
	if !h.door.May(w, r, client, auth.Subscribe, name) { // the backend is asked once about both
		return
	}
	if h.channels.Epoch(name) == "" {
		h.badRequest(w, r, client, http.StatusConflict, errNoPolls)
		return
	}
	p := &poll{name: name, ended: make(chan struct{})}
	sub, err := h.channels.Subscribe(name.Pattern(), q.start, "", p)
	if err != nil {
		h.badRequest(w, r, client, http.StatusBadRequest, err)
		return
	}
	defer sub.Cancel()
	if p.at = sub.Positions()[0]; q.start.Asked() {
		p.at = q.start.Since[0]
		if err := p.wait(w, r, client, sub, q.wait); err != nil {
			return // the client has gone
		}
	}
	h.answerPoll(w, r, client, p, q)
}

// wait returns when the poll has an answer or its time is up, or with an error when the client has gone.
func (p *poll) wait(w http.ResponseWriter, r *http.Request, client *session.Client, sub *session.Subscription, most time.Duration) error {
	// What bounds the reading of a request would end its waiting.
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if reason, closing := client.Connected(p); closing {
		p.End(protocol.CloseCode(websocket.CloseGoingAway), reason)
	}
	sub.Start()
	timer := time.NewTimer(most)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		p.finish(func() {})
	case <-r.Context().Done():
		return r.Context().Err()
	}
	return nil
}

// answerPoll answers with what has come. Those who wait for the same share its form.
func (h *Handler) answerPoll(w http.ResponseWriter, r *http.Request, client *session.Client, p *poll, q query) {
	switch {
	case p.end != nil:
		h.door.Refuse(w, r, client, p.end)
		return
	case p.lost:
		refuseLost(w, q)
		return
	}
	body, at := emptyArray, p.at
	if p.got != nil {
		messages := p.got.Messages
		if len(messages) > q.limit {
			messages = messages[:q.limit]
			body = encodeMessages(messages)
		} else {
			body = p.got.Form(pollForm{}, func() any { return encodeMessages(messages) }).([]byte)
		}
		at = broker.Position{Epoch: h.channels.Epoch(p.name), Offset: messages[len(messages)-1].Offset}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set(positionHeader, at.String())
	w.Header().Set("Link", q.next(p.name, at))
	writeBody(w, http.StatusOK, body)
}

var emptyArray = []byte("[]\n")

// finish settles the answer, unless it is settled, and tells whether it was not.
func (p *poll) finish(settle func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return false
	}
	p.over = true
	settle()
	close(p.ended)
	return true
}

// Deliver implements session.Receiver.
func (p *poll) Deliver(got *hub.Publication) websocket.Result {
	if p.finish(func() { p.got = got }) {
		return websocket.Sent
	}
	return websocket.Closed
}

// Flush implements session.Receiver. Nothing waits to be sent, and nothing more is taken.
func (p *poll) Flush(ctx context.Context) error { return ctx.Err() }

// Live implements session.Receiver. Up to there nothing has come.
func (p *poll) Live(at broker.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.over {
		p.at = at
	}
}

// Lost implements session.Receiver.
func (p *poll) Lost(broker.Position) { p.finish(func() { p.lost = true }) }

// Gap implements session.Receiver.
func (p *poll) Gap(int) { p.finish(func() { p.lost = true }) }

// TooSlow implements session.Receiver.
func (p *poll) TooSlow() { p.finish(func() { p.lost = true }) }

// GoAway implements session.Connection: the client polls again, elsewhere or later.
func (p *poll) GoAway(context.Context, string) { p.finish(func() {}) }

// Expiring implements session.Connection.
func (p *poll) Expiring(time.Duration) {}

// End implements session.Connection. What ends other connections of clients that may come back ends the waiting.
func (p *poll) End(code protocol.CloseCode, reason string) {
	p.finish(func() {
		status := http.StatusForbidden
		switch code {
		case protocol.CloseCode(websocket.CloseGoingAway), protocol.CloseCode(websocket.CloseServiceRestart):
			return
		case protocol.CloseUnauthorized:
			status = http.StatusUnauthorized
		case protocol.CloseTooMany:
			status = http.StatusTooManyRequests
		}
		p.end = &door.RequestError{Kind: "ended", Status: status, Err: errors.New(reason)}
	})
}

// Subscriptions implements session.Connection.
func (p *poll) Subscriptions() []channel.Pattern { return []channel.Pattern{p.name.Pattern()} }
