package client

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/holdfast-dev/holdfast/websocket"
)

// stream is a carrier that gets messages as the server-sent events of one answer.
type stream struct {
	*exchange
	body   io.Closer
	events *events
}

var errHeldBack = errors.New("holdfast: no event came within 5s, as where a proxy holds back an answer until it ends")

// dialStream opens a connection. ctx bounds that only.
func dialStream(ctx context.Context, endpoint string, o *websocket.DialOptions) (carrier, error) {
	x, err := newExchange(endpoint, o)
	if err != nil {
		return nil, err
	}
	s := &stream{exchange: x}
	ctx, cancel := context.WithTimeoutCause(ctx, openTimeout, errHeldBack)
	defer cancel()
	stop := context.AfterFunc(ctx, x.stop)
	err = s.open()
	if !stop() { // all requests have been ended
		err = context.Cause(ctx)
	}
	if err != nil {
		s.CloseNow()
		return nil, err
	}
	return s, nil
}

// open waits for the first event.
func (s *stream) open() error {
	resp, err := s.do(s.context, http.MethodGet, "", nil, "Accept", "text/event-stream")
	if err != nil {
		return err
	}
	s.body = resp.Body
	if resp.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxReasonBytes))
		if err != nil {
			return err
		}
		return refused(resp.StatusCode, text, resp.Header)
	}
	s.events = newEvents(hearing{resp.Body, s.exchange}, s.most)
	event, data, err := s.events.next()
	if err != nil {
		return err
	}
	if event != "open" {
		data = nil
	}
	return s.named(data)
}

// hearing is a reader that notes signs of life.
type hearing struct {
	io.Reader
	x *exchange
}

func (h hearing) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if n > 0 {
		h.x.heard()
	}
	return n, err
}

// Serve implements carrier.
func (s *stream) Serve(handle func(typ websocket.MessageType, payload []byte)) error {
	defer s.body.Close()
	for {
		event, data, err := s.events.next()
		switch {
		case s.context.Err() != nil:
			return s.dropped(context.Cause(s.context)) // it has ended otherwise
		case errors.Is(err, errEventTooLarge):
			return s.finish(&websocket.CloseError{Code: websocket.CloseMessageTooBig, By: websocket.Local, Err: err})
		case err != nil:
			return s.dropped(err)
		case event == "close":
			return s.closed(data)
		case event == "message":
			handle(websocket.Text, data)
		}
	}
}

// CloseNow implements carrier.
func (s *stream) CloseNow() {
	s.exchange.CloseNow()
	if s.body != nil {
		s.body.Close() // it has been cut off
	}
}
