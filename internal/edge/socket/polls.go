package socket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// pollSpacing is the least time between two answers to the polls of a connection. What comes meanwhile goes together.
const pollSpacing = 10 * time.Millisecond

var errNotPolled = errors.New("this connection has its messages sent as a stream, and is not polled")

// polls carries messages to a client that fetches them with a row of requests.
type polls struct {
	*exchange
	downstream
	answered time.Time // when a poll was last; guarded by state
}

// serveOpening opens a connection whose messages to the client are fetched by polls.
func (h *Handler) serveOpening(w http.ResponseWriter, r *http.Request) {
	client, number, ok := h.admit(w, r)
	if !ok {
		return
	}
	x, id := newExchange(h, client)
	p := &polls{exchange: x, downstream: downstream{most: h.config.SendQueueBytes}}
	x.add(p, number)
	x.begin()
	body, err := json.Marshal(greeting{id})
	if err == nil {
		err = p.answer(w, body)
	}
	if err != nil {
		x.drop(err) // the client will not know of it
	}
}

// Expel implements carrier. Unlike a WebSocket's it throws nothing away: what waits goes first.
func (p *polls) Expel(code websocket.CloseCode, reason string) error {
	if why := (&farewell{code, reason}); p.closes(why) {
		p.close(why)
	}
	return nil
}

// Close implements carrier. A client of whom no request is here is not waited for: the server stops, and takes none.
func (p *polls) Close(ctx context.Context, code websocket.CloseCode, reason string) error {
	attended := p.attended()
	if err := p.Expel(code, reason); err != nil {
		return err
	}
	if !attended {
		p.drop(errGone)
	}
	select {
	case <-p.over:
	case <-ctx.Done():
		p.drop(context.Cause(ctx))
	}
	return nil
}

// servePoll answers with messages as soon as there are any, or with none when it has waited for long enough. They are
// kept until a later poll says that they have arrived, so that an answer that gets lost can be asked for again.
func (h *Handler) servePoll(w http.ResponseWriter, r *http.Request, x *exchange) {
	x.heard()
	p, polled := x.down.(*polls)
	after, wait, err := parsePoll(r.URL.Query())
	switch {
	case !polled:
		err = errNotPolled
	case err == nil:
		err = p.has(after)
	}
	switch {
	case errors.Is(err, errFetchedBefore):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case err != nil:
		x.violated(w, http.StatusBadRequest, "bad_poll", err)
		return
	}
	err = p.poll(w, r, min(wait, h.config.PingInterval))
	x.heard()
	switch {
	case errors.Is(err, errReplaced):
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.Is(err, errGone):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil: // what could not be written is asked for again
		h.config.Log.Debug("poll not answered", "path", Path, "error", err)
	}
}

// parsePoll reads what a poll asks for: what is behind so many messages, and how long to wait for it.
func parsePoll(q url.Values) (after uint64, wait time.Duration, err error) {
	if after, err = strconv.ParseUint(q.Get("after"), 10, 64); err != nil {
		return 0, 0, fmt.Errorf("after=%q is not the \"next\" of an answer, or 0 at first", q.Get("after"))
	}
	if !q.Has("wait") {
		return after, 1<<63 - 1, nil
	}
	seconds, err := strconv.ParseUint(q.Get("wait"), 10, 16)
	if err != nil {
		return 0, 0, fmt.Errorf("wait=%q is not a number of seconds", q.Get("wait"))
	}
	return after, time.Duration(seconds) * time.Second, nil
}

// poll waits for messages and answers. The error is errReplaced, errGone or that of the request.
func (p *polls) poll(w http.ResponseWriter, r *http.Request, wait time.Duration) error {
	// The server's limit for requests is not meant for one that waits.
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	me := p.enter()
	defer p.leave(me)
	spacing, enough := time.NewTimer(p.untilAnswer()), time.NewTimer(wait)
	defer spacing.Stop()
	defer enough.Stop()
	early, late := true, false
	for {
		if !early {
			frames, next, behind := p.fetch(fetchBytes)
			if len(frames) > 0 || behind != nil || late {
				p.leave(me)
				return p.answerPoll(w, frames, next, behind)
			}
		}
		select {
		case <-me.news:
		case <-spacing.C:
			early = false
		case <-enough.C:
			late = true
		case <-me.replaced:
			return errReplaced
		case <-p.over:
			return errGone
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}

// answerPoll answers with messages. If it says why the connection closes, that is over. What can't be written can be
// asked for again.
func (p *polls) answerPoll(w http.ResponseWriter, frames []*websocket.Frame, next uint64, behind *farewell) error {
	body := strconv.AppendUint([]byte(`{"next":`), next, 10)
	body = append(body, `,"messages":[`...)
	for i, f := range frames {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, f.Payload()...)
	}
	body = append(body, ']')
	if behind != nil {
		text, err := json.Marshal(behind)
		if err != nil {
			return err
		}
		body = append(append(body, `,"close":`...), text...)
		defer p.drop(behind)
	}
	return p.answer(w, append(body, '}'))
}

// answer writes JSON within a time limit.
func (p *polls) answer(w http.ResponseWriter, body []byte) error {
	p.state.Lock()
	p.answered = time.Now()
	p.state.Unlock()
	control := http.NewResponseController(w)
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	err := control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = control.Flush()
	}
	if err == nil {
		err = control.SetWriteDeadline(time.Time{}) // for the next request on the same connection
	}
	return err
}

// untilAnswer returns how long a poll has to wait before it may be answered.
func (p *polls) untilAnswer() time.Duration {
	p.state.Lock()
	defer p.state.Unlock()
	return max(0, time.Until(p.answered.Add(pollSpacing)))
}
