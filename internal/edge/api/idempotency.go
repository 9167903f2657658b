package api

import (
	"container/list"
	"crypto/sha256"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// The bounds of what is remembered of requests with an Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header).
const (
	replayPeriod    = 10 * time.Minute
	maxReplays      = 10_000
	maxReplayBytes  = 32 << 20 // of answers, with replayBytes for each
	replayBytes     = 512
	maxKeyBytes     = 100
	replayedHeader  = "Idempotent-Replayed"
	fingerprintSize = sha256.Size
	// runLease is how long another node may take to say how a request has ended: longer than any runs.
	runLease = 2 * time.Minute
	maxRuns  = 10_000 // that are running, before it is looked which of them have expired
)

// replays remembers what was answered to requests that may come again. When there is too much, the oldest goes; then
// a request is run again, and what it publishes is known by its id.
type replays struct {
	mu    sync.Mutex // guards what follows
	all   map[string]*list.Element
	order list.List // of *replay that are done, the oldest in front
	runs  map[string]*replay
	bytes int
}

// replay is one request.
type replay struct {
	key         string // with the API key's id
	fingerprint [fingerprintSize]byte
	answer      *answer
	at          time.Time // when it was answered
	node        string    // that runs it; "" for this one
	began       time.Time
}

// expired tells whether the node that runs it has not said for too long how it has ended.
func (r *replay) expired(now time.Time) bool { return r.node != "" && now.Sub(r.began) >= runLease }

func newReplays() *replays {
	return &replays{all: make(map[string]*list.Element), runs: make(map[string]*replay)}
}

// begin returns what was answered to the same request, or nil if it is to be run, by a node, "" for this one; end has to be called
// then, or endOf. The error is errReused or errRunning.
func (rs *replays) begin(key string, fingerprint [fingerprintSize]byte, node string, now time.Time) (*replay, *answer, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.forgetLocked(now)
	known := rs.runs[key]
	if known != nil && known.expired(now) {
		known = nil
	}
	if done := rs.all[key]; done != nil {
		known = done.Value.(*replay)
	}
	switch {
	case known == nil:
		if len(rs.runs) >= maxRuns {
			maps.DeleteFunc(rs.runs, func(_ string, run *replay) bool { return run.expired(now) })
		}
		run := &replay{key: key, fingerprint: fingerprint, node: node, began: now}
		rs.runs[key] = run
		return run, nil, nil
	case known.fingerprint != fingerprint:
		return nil, nil, errReused
	case known.answer == nil:
		return nil, nil, errRunning
	}
	return nil, known.answer, nil
}

var errReused = refusal("idempotency_reused", http.StatusUnprocessableEntity,
	"the Idempotency-Key has come with another request in the last %s; make a new key for each request", replayPeriod)

var errRunning error = &door.RequestError{Kind: "idempotency_running", Status: http.StatusConflict, After: time.Second,
	Err: errors.New("the same request is still running; wait for its answer, or send it again later")}

// end notes what was answered; nil if the request may be run again.
func (rs *replays) end(run *replay, a *answer, now time.Time) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.endLocked(run, a, now)
}

// endOf is end for what another node has run.
func (rs *replays) endOf(node, key string, a *answer, now time.Time) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if run := rs.runs[key]; run != nil && run.node == node {
		rs.endLocked(run, a, now)
	}
}

// abandon forgets what a node was running that has gone.
func (rs *replays) abandon(node string) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	maps.DeleteFunc(rs.runs, func(_ string, run *replay) bool { return run.node == node })
}

func (rs *replays) endLocked(run *replay, a *answer, now time.Time) {
	if rs.runs[run.key] == run {
		delete(rs.runs, run.key)
	}
	if a == nil {
		return
	}
	run.answer, run.at = a, now
	rs.all[run.key] = rs.order.PushBack(run)
	rs.bytes += replayBytes + len(a.body)
	rs.forgetLocked(now)
}

// forgetLocked drops what is too old or too much. Cost: nothing that grows with what stays.
func (rs *replays) forgetLocked(now time.Time) {
	for e := rs.order.Front(); e != nil; e = rs.order.Front() {
		old := e.Value.(*replay)
		if now.Sub(old.at) < replayPeriod && rs.order.Len() <= maxReplays && rs.bytes <= maxReplayBytes {
			return
		}
		rs.order.Remove(e)
		delete(rs.all, old.key)
		rs.bytes -= replayBytes + len(old.answer.body)
	}
}

// provisional is an answer that says of some of what was asked for that it may succeed later.
type provisional interface{ passes() bool }

// keyOf reads the Idempotency-Key of a request, "" if it has none. Quotes, as the draft has them, do not matter.
func keyOf(r *http.Request) (string, error) {
	all := r.Header.Values("Idempotency-Key")
	if len(all) == 0 {
		return "", nil
	}
	key := all[0]
	if len(key) > 2 && strings.HasPrefix(key, `"`) && strings.HasSuffix(key, `"`) {
		key = key[1 : len(key)-1]
	}
	if len(all) > 1 || key == "" || len(key) > maxKeyBytes || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", badRequest("the Idempotency-Key is one text of 1 to %d letters, digits and signs; a UUID is a good one", maxKeyBytes)
	}
	return key, nil
}

// serveOnce serves a request that changes something: once, if it comes again with the same Idempotency-Key.
func (h *Handler) serveOnce(w http.ResponseWriter, r *http.Request, client *session.Client, e *endpoint) {
	if r.ContentLength > h.maxBody { // known before it comes, and not waited for
		h.door.RefuseUnread(w, r, client, h.tooLarge())
		return
	}
	c := &call{ctx: r.Context(), client: client, query: newQuery(r)}
	body, done, err := h.readBody(w, r)
	if err == nil {
		defer done()
		c.body = body
		c.key, err = keyOf(r)
	}
	if err == nil && e.method == http.MethodPost {
		err = c.query.done() // there are no parameters
	}
	var a *answer
	replayed := false
	switch {
	case err != nil:
	case c.key == "":
		a, _, err = runOf(c, e)
	default:
		a, replayed, err = h.once(r, c, e)
	}
	if err != nil {
		h.door.Refuse(w, r, client, err)
		return
	}
	if replayed {
		w.Header().Set(replayedHeader, "true")
	}
	a.write(w)
}

// runOf runs a call. final tells whether the same one would be answered the same.
func runOf(c *call, e *endpoint) (a *answer, final bool, err error) {
	result, err := e.serve(c)
	if err != nil {
		return nil, false, err
	}
	p, partial := result.(provisional)
	return newAnswer(result), !partial || !p.passes(), nil
}

func fingerprintOf(r *http.Request, body []byte) [fingerprintSize]byte {
	sum := sha256.New()
	sum.Write([]byte(r.Method + " " + r.URL.RequestURI() + "\n"))
	sum.Write(body)
	return [fingerprintSize]byte(sum.Sum(nil))
}
