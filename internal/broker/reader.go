package broker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	readerConnections = 2
	answerTimeout     = 5 * time.Second

	// maxAnswerBytes bounds what all queries of one connection may bring at a time. NATS drops a
	// connection that 64 MiB wait for.
	maxAnswerBytes = 32 << 20
	maxQueries     = 64

	leaderRetry = 50 * time.Millisecond
)

// reader asks questions on a connection of its own. All answers come to one wildcard subscription
// and are handed to whoever asked.
type reader struct {
	conn    *nats.Conn
	replies string        // prefix of the subjects that answers come to; a token follows
	room    chan struct{} // a place for each query that may be under way
	patient bool          // one of a cluster, where a log may be without a leader for a moment

	mu      sync.Mutex
	last    uint64            // the last token; guarded by mu
	queries map[uint64]*query // under way, by token; guarded by mu
}

// errNoLeader is the answer of NATS where nobody could answer.
var errNoLeader = errors.New("nobody keeps it: it was deleted, or has no leader")

// query is a question under way.
type query struct {
	batch   bool        // several answers come, the last of which has a status
	answers []*nats.Msg // guarded by reader.mu until done is closed
	lost    error
	done    chan struct{}
}

func newReader(ctx context.Context, b *Broker) (*reader, error) {
	atATime := min(max(maxAnswerBytes/(pageBytes+b.config.maxRecordBytes()), 1), maxQueries)
	r := &reader{queries: make(map[uint64]*query), room: make(chan struct{}, atATime), patient: b.config.Cluster != nil}
	conn, err := b.connect(ctx, "reader", r.lose)
	if err != nil {
		return nil, err
	}
	r.conn, r.replies = conn, conn.NewInbox()+"."
	answers, err := conn.Subscribe(r.replies+"*", r.answered)
	if err == nil {
		err = answers.SetPendingLimits(-1, -1) // bounded by room
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("no answers from NATS can be had: %w", err)
	}
	return r, nil
}

// ask sends a question and waits for its answer.
func (r *reader) ask(ctx context.Context, subject string, body []byte) ([]byte, error) {
	answers, err := r.query(ctx, subject, body, false)
	if err != nil {
		return nil, err
	}
	return answers[0].Data, nil
}

// askBatch sends a question and waits for all its answers. The last has a status.
func (r *reader) askBatch(ctx context.Context, subject string, body []byte) ([]*nats.Msg, error) {
	return r.query(ctx, subject, body, true)
}

// query asks, and asks again while the log has no leader, which in a cluster passes.
func (r *reader) query(ctx context.Context, subject string, body []byte, batch bool) ([]*nats.Msg, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("no answer within %s", answerTimeout))
	defer cancel()
	for {
		answers, err := r.once(ctx, subject, body, batch)
		if !r.patient || !errors.Is(err, errNoLeader) {
			return answers, err
		}
		select {
		case <-time.After(leaderRetry):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (r *reader) once(ctx context.Context, subject string, body []byte, batch bool) ([]*nats.Msg, error) {
	select {
	case r.room <- struct{}{}:
		defer func() { <-r.room }()
	case <-ctx.Done():
		return nil, unavailable(context.Cause(ctx))
	}

	q := &query{batch: batch, done: make(chan struct{})}
	r.mu.Lock()
	r.last++
	token := r.last
	r.queries[token] = q
	r.mu.Unlock()
	defer r.forget(token)

	if err := r.conn.PublishRequest(subject, r.replies+strconv.FormatUint(token, 36), body); err != nil {
		return nil, unavailable(err)
	}
	select {
	case <-q.done:
	case <-ctx.Done():
		return nil, unavailable(context.Cause(ctx))
	}
	switch {
	case q.lost != nil:
		return nil, unavailable(q.lost)
	case q.answers[len(q.answers)-1].Header.Get("Status") == "503":
		return nil, unavailable(errNoLeader)
	}
	return q.answers, nil
}

func unavailable(reason error) error {
	return fmt.Errorf("%w (%w)", ErrUnavailable, reason)
}

func (r *reader) forget(token uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.queries, token)
}

// answered hands an answer to the query that it is for.
func (r *reader) answered(answer *nats.Msg) {
	token, err := strconv.ParseUint(answer.Subject[len(r.replies):], 36, 64)
	if err != nil {
		return // nobody else knows the inbox, and we send nothing else
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	q := r.queries[token]
	if q == nil {
		return // whoever asked waits no longer
	}
	q.answers = append(q.answers, answer)
	if !q.batch || answer.Header.Get("Status") != "" {
		delete(r.queries, token)
		close(q.done)
	}
}

// lose ends all queries because their answers cannot come any more.
func (r *reader) lose(reason error) {
	if reason == nil {
		reason = nats.ErrConnectionClosed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for token, q := range r.queries {
		q.lost = fmt.Errorf("the connection to NATS was lost: %w", reason)
		delete(r.queries, token)
		close(q.done)
	}
}

func (r *reader) close() {
	r.conn.Close()
	r.lose(nats.ErrConnectionClosed)
}
