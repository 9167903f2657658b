package socket

import (
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

// serveOpening opens a connection whose messages to the client are fetched by polls.
func (h *Handler) serveOpening(w http.ResponseWriter, r *http.Request) {
	x, id, ok := h.open(w, r, false)
	if !ok {
		return
	}
	body, err := json.Marshal(greeting{id})
	if err == nil {
		err = x.answer(w, body)
	}
	if err != nil {
		x.drop(err) // the client will not know of it
	}
}

// servePoll answers with messages as soon as there are any, or with none when it has waited for long enough. They are
// kept until a later poll says that they have arrived, so that an answer that gets lost can be asked for again.
func (h *Handler) servePoll(w http.ResponseWriter, r *http.Request, x *exchange) {
	x.heard()
	after, wait, err := parsePoll(r.URL.Query())
	switch {
	case x.streamed:
		err = errNotPolled
	case err == nil:
		err = x.has(after)
	}
	switch {
	case errors.Is(err, errFetchedBefore):
		http.Error(w, err.Error(), http.StatusConflict)
		return
	case err != nil:
		x.violated(w, http.StatusBadRequest, "bad_poll", err)
		return
	}
	err = x.poll(w, r, min(wait, h.config.PingInterval))
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
func (x *exchange) poll(w http.ResponseWriter, r *http.Request, wait time.Duration) error {
	// The server's limit for requests is not meant for one that waits.
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	me := x.enter()
	defer x.leave(me)
	spacing, enough := time.NewTimer(x.untilAnswer()), time.NewTimer(wait)
	defer spacing.Stop()
	defer enough.Stop()
	early, late := true, false
	for {
		if !early {
			frames, next, behind := x.fetch(fetchBytes)
			if len(frames) > 0 || behind != nil || late {
				x.leave(me)
				return x.answerPoll(w, frames, next, behind)
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
		case <-x.over:
			return errGone
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}

// answerPoll answers with messages. If it says why the connection closes, that is over. What can't be written can be
// asked for again.
func (x *exchange) answerPoll(w http.ResponseWriter, frames []*websocket.Frame, next uint64, behind *farewell) error {
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
		defer x.drop(behind)
	}
	return x.answer(w, append(body, '}'))
}

// answer writes JSON within a time limit.
func (x *exchange) answer(w http.ResponseWriter, body []byte) error {
	x.state.Lock()
	x.answered = time.Now()
	x.state.Unlock()
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
