package relay

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
)

// gathering is a request of another node, until it is answered.
type gathering struct {
	head   head
	body   []byte
	late   *time.Timer        // ends it if it does not come as a whole
	cancel context.CancelFunc // of its answer; nil until all of it is here
}

// take takes a frame of a request of another node.
func (r *Relay) take(o origin, kind byte, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.requests[o]
	switch {
	case kind == frameHead:
		r.openLocked(o, body)
	case g == nil: // it has been refused, or given up
	case kind == frameCancel:
		if g.cancel != nil {
			g.cancel()
			return
		}
		r.forgetLocked(o)
	case g.cancel != nil:
	case kind == framePiece:
		g.body = append(g.body, body...)
		r.gathered += int64(len(body))
		if int64(len(g.body)) > r.most || r.gathered > maxGathered {
			r.refuseLocked(o, "busy")
		}
	case kind == frameEnd:
		if total, n := binary.Uvarint(body); n <= 0 || total != uint64(len(g.body)) {
			r.refuseLocked(o, "broken")
			return
		}
		r.answerLocked(o, g)
	}
}

// openLocked begins to gather a request.
func (r *Relay) openLocked(o origin, text []byte) {
	g := new(gathering)
	if err := json.Unmarshal(text, &g.head); err != nil {
		r.log.Warn("another node sends a request that can't be read", "topic", r.topic, "node", o.node, "error", err)
		r.refuseLocked(o, "broken")
		return
	}
	if r.closed || len(r.requests) >= maxRequests {
		r.refuseLocked(o, "busy")
		return
	}
	g.late = time.AfterFunc(gatherTimeout, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.requests[o] == g && g.cancel == nil {
			r.forgetLocked(o)
		}
	})
	r.requests[o] = g
}

// refuseLocked tells why a request is not answered.
func (r *Relay) refuseLocked(o origin, why string) {
	r.tell(o.node, wayBack, o.number, frameFail, []byte(why))
	r.forgetLocked(o)
}

func (r *Relay) forgetLocked(o origin) {
	g := r.requests[o]
	if g == nil {
		return
	}
	if g.cancel != nil {
		g.cancel()
	} else {
		r.gathered -= int64(len(g.body))
	}
	g.late.Stop()
	delete(r.requests, o)
}

// answerLocked has a request answered that is here as a whole.
func (r *Relay) answerLocked(o origin, g *gathering) {
	r.gathered -= int64(len(g.body))
	ctx, cancel := context.WithCancel(r.work)
	g.cancel = cancel
	r.running.Go(func() {
		defer func() {
			cancel()
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.requests[o] == g {
				r.forgetLocked(o)
			}
		}()
		req, err := http.NewRequestWithContext(ctx, g.head.Method, g.head.URL, bytes.NewReader(g.body))
		if err != nil {
			r.tell(o.node, wayBack, o.number, frameFail, []byte("broken"))
			return
		}
		if req.Header = g.head.Header; req.Header == nil {
			req.Header = make(http.Header)
		}
		w := &writer{relay: r, to: o, header: make(http.Header)}
		if !r.serve(w, req) {
			r.tell(o.node, wayBack, o.number, frameFail, []byte("stranger"))
			return
		}
		w.end()
	})
}

// writer sends an answer back. It is a http.ResponseWriter with the methods that http.ResponseController looks for. What is
// behind has no time limits: the other node has some.
type writer struct {
	relay  *Relay
	to     origin
	header http.Header
	begun  bool
	total  uint64
}

var _ io.Writer = (*writer)(nil)

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	b, err := json.Marshal(head{Status: status, Header: w.header})
	if err != nil { // headers that are no text
		w.relay.tell(w.to.node, wayBack, w.to.number, frameFail, []byte("broken"))
		return
	}
	w.relay.tell(w.to.node, wayBack, w.to.number, frameHead, b)
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	for rest := p; len(rest) > 0; {
		n := min(len(rest), pieceBytes)
		w.relay.tell(w.to.node, wayBack, w.to.number, framePiece, rest[:n])
		rest = rest[n:]
	}
	w.total += uint64(len(p))
	return len(p), nil
}

func (w *writer) end() {
	w.WriteHeader(http.StatusOK)
	w.relay.tell(w.to.node, wayBack, w.to.number, frameEnd, binary.AppendUvarint(nil, w.total))
}

// FlushError, SetReadDeadline and SetWriteDeadline are for http.ResponseController.
func (w *writer) FlushError() error                { return nil }
func (w *writer) SetReadDeadline(time.Time) error  { return nil }
func (w *writer) SetWriteDeadline(time.Time) error { return nil }
