package channels

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// EventsPath is where one stream of events has several channels and patterns.
const EventsPath = "/events"

const (
	// maxFlows is how many channels and patterns one stream of events may have.
	maxFlows = 100
	// flowSeparator stands between the positions of different flows, in the order of the URL: channels first.
	flowSeparator = ";"
	// What an EventSource waits before it comes back: something between the two, so that not all come at once.
	minRetry, maxRetry = time.Second, 4 * time.Second
)

// serveChannelEvents answers a GET for the events of one channel.
func (h *Handler) serveChannelEvents(w http.ResponseWriter, r *http.Request, name channel.Name) {
	h.serveEvents(w, r, []channel.Pattern{name.Pattern()}, false)
}

// serveAllEvents answers a request to EventsPath.
func (h *Handler) serveAllEvents(w http.ResponseWriter, r *http.Request) {
	if h.door.Cross(w, r) {
		return
	}
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", "GET")
		http.Error(w, "a stream of events is asked for with GET", http.StatusMethodNotAllowed)
		return
	}
	patterns, err := patternsIn(r.URL.Query())
	if err != nil {
		h.badRequest(w, r, nil, http.StatusBadRequest, err)
		return
	}
	h.serveEvents(w, r, patterns, true)
}

// patternsIn returns the channels and patterns that a URL asks for, in this order.
func patternsIn(values url.Values) (all []channel.Pattern, err error) {
	n := len(values["channel"]) + len(values["pattern"])
	switch {
	case n == 0:
		return nil, fmt.Errorf("nothing is asked for; say what, as in %s?channel=chat/lobby&channel=news&pattern=sensors/%%2B/temp", EventsPath)
	case n > maxFlows:
		return nil, fmt.Errorf("%d channels and patterns are more than the %d that one stream may have; a pattern such as chat/# has many channels", n, maxFlows)
	}
	seen := make(map[channel.Pattern]bool, n)
	add := func(p channel.Pattern, err error) error {
		if err == nil && seen[p] {
			err = fmt.Errorf("%s is asked for twice", p)
		}
		seen[p] = true
		all = append(all, p)
		return err
	}
	for _, s := range values["channel"] {
		name, err := channel.Parse(s)
		if err := add(name.Pattern(), err); err != nil {
			return nil, err
		}
	}
	for _, s := range values["pattern"] {
		if err := add(channel.ParsePattern(s)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// serveEvents lets a client in and leaves its stream to a goroutine of its own, or stays where the version of HTTP demands it.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, patterns []channel.Pattern, several bool) {
	starts, err := startsOf(r, len(patterns))
	if err != nil {
		h.badRequest(w, r, nil, http.StatusBadRequest, err)
		return
	}
	client, ok := h.door.Connect(w, r)
	if !ok {
		return
	}
	l := &listener{handler: h, client: client, several: several}
	withheld, err := l.allowed(r.Context(), patterns, starts, r.Header.Get(lastEventID) != "")
	if err != nil {
		l.leave()
		h.door.Refuse(w, r, client, err)
		return
	}
	if err := l.subscribe(patterns, starts, withheld); err != nil {
		l.leave()
		h.badRequest(w, r, client, http.StatusBadRequest, err)
		return
	}
	header := w.Header()
	header.Add("Vary", "Accept")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep events back
	header.Set("X-Content-Type-Options", "nosniff")
	if l.stream, err = websocket.AcceptEvents(w, r, h.accept.Limits); err != nil {
		h.door.Tell(client, err)
		l.leave()
		return
	}
	l.begin()
	l.stream.Run(l.serve)
}

// lastEventID is the header with which an EventSource comes back.
const lastEventID = "Last-Event-ID"

// startsOf returns where each of n flows begins. What an EventSource says when it comes back counts more than its URL, which is the same
// as the first time.
func startsOf(r *http.Request, n int) ([]session.Start, error) {
	values := r.URL.Query()
	what := "since"
	if id := r.Header.Get(lastEventID); id != "" {
		what = lastEventID
		values.Del("last")
		values.Set("since", id)
	}
	starts := make([]session.Start, n)
	ids := []string{values.Get("since")}
	if n > 1 && ids[0] != "" {
		if ids = strings.Split(ids[0], flowSeparator); len(ids) != n {
			return nil, fmt.Errorf("the position has %d parts, and the URL %d channels and patterns; give each its own, with %q between, in the order of the URL, channels first", len(ids), n, flowSeparator)
		}
	}
	for i := range starts {
		since := ids[0]
		if len(ids) > 1 {
			since = ids[i]
		}
		var err error
		if starts[i], err = parseStart(what, since, values.Get("last")); err != nil {
			return nil, err
		}
	}
	return starts, nil
}

// allowed tells whether the client may have what it asks for; the error is the session's. back tells that it comes back with what it was
// told as an id: where it may not read what is kept it goes on with what is live, and withheld says so.
func (l *listener) allowed(ctx context.Context, patterns []channel.Pattern, starts []session.Start, back bool) (withheld []bool, err error) {
	withheld = make([]bool, len(patterns))
	for i, p := range patterns {
		if err := l.client.Allow(auth.Subscribe, p); err != nil {
			return nil, err
		}
		if !starts[i].Asked() {
			continue
		}
		if err := l.client.Allow(auth.History, p); err != nil {
			if !back {
				return nil, err
			}
			starts[i], withheld[i] = session.Start{}, true
		}
	}
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(maxAsking)
	for _, p := range patterns {
		asking.Go(func() error { return l.client.Ask(ctx, p) })
	}
	return withheld, asking.Wait()
}

// maxAsking is how many questions about one stream the backend is asked at a time.
const maxAsking = 10

// subscribe makes the flows. The error says what is wrong with the request.
func (l *listener) subscribe(patterns []channel.Pattern, starts []session.Start, withheld []bool) error {
	for i, p := range patterns {
		f := &flow{to: l, pattern: p, withheld: withheld[i]}
		if name, one := p.IsName(); one {
			f.epoch = l.handler.channels.Epoch(name)
		}
		var err error
		if f.sub, err = l.handler.channels.Subscribe(p, starts[i], "", f); err != nil {
			return err
		}
		l.flows = append(l.flows, f)
		f.beginAt(starts[i])
	}
	return nil
}

// beginAt notes where the client is, if that is known already.
func (f *flow) beginAt(start session.Start) {
	here := f.sub.Positions()
	f.logs = len(here)
	name, one := f.pattern.IsName()
	switch {
	case start.Last > 0, start.All, !start.Asked() && one && f.to.handler.channels.Rule(name).RetainLast:
		return // known with the first message
	}
	f.withheld = f.withheld || len(start.Since) > 0 && f.logs == 0
	for _, at := range here {
		for _, since := range start.Since {
			if since.Epoch == at.Epoch || since.Epoch == "" {
				f.at = append(f.at, protocol.Position{Epoch: at.Epoch, Offset: since.Offset})
				break
			}
		}
		if !start.Asked() {
			f.at = append(f.at, protocol.Position{Epoch: at.Epoch, Offset: at.Offset})
		}
	}
}

// begin sends the first lines and makes the stream known.
func (l *listener) begin() {
	retry := minRetry + rand.N(maxRetry-minRetry)
	first := fmt.Appendf(nil, "retry: %d\n", retry.Milliseconds())
	first = append(l.appendID(first), '\n')
	for _, f := range l.flows {
		if f.withheld {
			first = appendTold(first, "lost", f.about(told{Why: string(protocol.WhyNoHistory)}))
		}
	}
	l.stream.Send(first) // the queue is empty
	if reason, closing := l.client.Connected(l); closing {
		l.End(protocol.CloseCode(websocket.CloseGoingAway), reason)
	}
}

// leave undoes what has been done for a client that does not get its stream.
func (l *listener) leave() {
	for _, f := range l.flows {
		f.sub.Cancel()
	}
	l.client.Leave()
}
