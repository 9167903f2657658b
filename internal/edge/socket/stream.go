package socket

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"
)

// pieceBytes is what a client has to take within writeTimeout.
const pieceBytes = 16 << 10

// stream writes the messages to a client as the events of one answer (HTML standard, Server-sent events). It belongs to
// the goroutine of the request.
type stream struct {
	x       *exchange
	w       http.ResponseWriter
	control *http.ResponseController
	buffer  []byte // events that have not been written; nil while none is
}

// serveStream opens a connection whose messages to the client are events, and stays until it is over.
func (h *Handler) serveStream(w http.ResponseWriter, r *http.Request) {
	x, id, ok := h.open(w, r, true)
	if !ok {
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store, no-transform") // a proxy that compresses holds back what comes
	header.Set("X-Accel-Buffering", "no")                 // for nginx, and others that have learnt it from there
	s := &stream{x: x, w: w, control: http.NewResponseController(w)}
	x.writes(s.control)
	broken := s.run(r, id)
	x.writes(nil)
	if broken == nil {
		broken = s.control.SetWriteDeadline(time.Time{}) // for the next request on the same connection
	}
	x.drop(errCut) // unless it is over
	if broken != nil {
		// The answer may have stopped in the middle of a frame: of HTTP/3 it can't be ended in order, then.
		panic(http.ErrAbortHandler)
	}
}

// run writes events until the connection is over. An error tells that nothing more can be written.
func (s *stream) run(r *http.Request, id string) error {
	// The server's limit for requests is not meant for one that stays.
	if err := s.control.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	if err := s.say("open", greeting{id}); err != nil {
		return err
	}
	me := s.x.enter()
	defer s.x.leave(me)
	ping := s.x.handler.config.PingInterval
	beat := time.NewTimer(ping)
	defer beat.Stop()
	for {
		if over, err := s.writeWaiting(); over || err != nil {
			return err
		}
		select {
		case <-me.news:
		case <-beat.C:
			s.buffer = append(s.buffer, ":\n\n"...) // a comment
			if err := s.flush(); err != nil {
				return err
			}
		case <-s.x.over:
			return nil
		case <-r.Context().Done():
			return nil
		}
		beat.Reset(ping)
	}
}

// writeWaiting writes the messages that wait. over tells that they were the last.
func (s *stream) writeWaiting() (over bool, err error) {
	for {
		frames, next, behind := s.x.fetch(fetchBytes)
		for _, f := range frames { // JSON, and so without a line end
			s.buffer = append(s.buffer, "data: "...)
			s.buffer = append(s.buffer, f.Payload()...)
			s.buffer = append(s.buffer, "\n\n"...)
		}
		if err := s.flush(); err != nil {
			return false, err
		}
		if err := s.x.has(next); err != nil {
			return false, err
		}
		switch {
		case behind != nil:
			err := s.say("close", behind)
			s.x.writes(nil) // it has all been said, and needs no hurry
			s.x.drop(behind)
			return true, err
		case len(frames) == 0:
			return false, nil
		}
	}
}

// say writes an event other than a message.
func (s *stream) say(event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	s.buffer = append(s.buffer, "event: "+event+"\ndata: "...)
	s.buffer = append(s.buffer, text...)
	s.buffer = append(s.buffer, "\n\n"...)
	return s.flush()
}

// flush writes what is in the buffer, and lets go of it: a client that nothing comes for has none.
func (s *stream) flush() error {
	if len(s.buffer) == 0 {
		return nil
	}
	for piece := range slices.Chunk(s.buffer, pieceBytes) {
		if err := s.x.limitWriting(); err != nil {
			return err
		}
		if _, err := s.w.Write(piece); err != nil {
			return err
		}
	}
	s.buffer = nil
	return s.control.Flush()
}
