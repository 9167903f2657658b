package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/semaphore"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

const (
	maxInFlightBytes = 16 << 20
	messageWeight    = maxInFlightBytes / maxInFlight // the least that a message takes of the room in flight
	ackTimeout       = 10 * time.Second
	sweepInterval    = time.Second
)

// writer publishes messages to JetStream on a connection of its own and matches the answers, which
// all come to one wildcard subscription.
type writer struct {
	conn    *nats.Conn
	replies string              // prefix of the subjects that answers come to; a token follows
	room    *semaphore.Weighted // in flight, in bytes; a message weighs at least messageWeight
	pending *pending
	engine  *engine.Engine // nil if NATS is external
	quorum  *quorum        // nil but in a cluster
	log     *slog.Logger
	buffers sync.Pool // of *[]byte, for records

	background sync.WaitGroup // the sweepers, and done functions of messages that were not sent
	closing    chan struct{}
	drained    chan struct{} // closed when no message is in flight any more, or none is waited for
	closed     sync.Once

	mu    sync.Mutex // guards what follows
	over  bool       // background has been waited for
	lanes []*lane    // of the logs of a cluster
}

func newWriter(ctx context.Context, b *Broker) (*writer, error) {
	w := &writer{
		room:    semaphore.NewWeighted(maxInFlightBytes),
		pending: newPending(),
		engine:  b.engine,
		quorum:  b.quorum,
		log:     b.config.Log,
		buffers: sync.Pool{New: func() any { return new([]byte) }},
		closing: make(chan struct{}),
		drained: make(chan struct{}),
	}
	conn, err := b.connect(ctx, "writer", w.lose)
	if err != nil {
		return nil, err
	}
	w.conn, w.replies = conn, conn.NewInbox()+"."
	answers, err := conn.Subscribe(w.replies+"*", w.answered)
	if err == nil {
		err = answers.SetPendingLimits(-1, -1) // bounded by what is in flight
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("no answers from NATS can be had: %w", err)
	}
	w.background.Go(w.sweep)
	if b.config.Cluster != nil {
		w.background.Go(w.sweepLanes)
	}
	return w, nil
}

// append sends a message on its way. Cost: one copy of the payload into a pooled buffer and one into
// the connection's; the subject, the reply subject and, for a message with an ID, a header map are
// allocated.
func (w *writer) append(ctx context.Context, l *Log, m *Message, last uint64, done func(Ack, error)) {
	weight := min(max(int64(len(m.Payload)), messageWeight), maxInFlightBytes)
	if err := w.room.Acquire(ctx, weight); err != nil {
		w.fail(done, fmt.Errorf("%w (too many messages are in flight: %w)", ErrUnavailable, err))
		return
	}
	select {
	case <-w.closing:
		w.room.Release(weight)
		w.fail(done, fmt.Errorf("%w (the server is stopping)", ErrUnavailable))
		return
	default:
	}

	if l.lane != nil {
		l.lane.append(m, last, weight, done)
		return
	}
	token := w.pending.add(l, weight, done)
	if err := w.send(l, m, "", last, w.reply(token)); err != nil {
		if s, ok := w.pending.take(token); ok {
			w.room.Release(s.weight)
			w.fail(done, fmt.Errorf("%w (%w)", ErrUnavailable, err))
		}
	}
}

// reply returns the subject for the answer to the message with a token.
func (w *writer) reply(token uint64) string { return w.replies + strconv.FormatUint(token, 36) }

// send sends a message. own is an ID for it that readers do not see; "" for none.
func (w *writer) send(l *Log, m *Message, own string, last uint64, reply string) error {
	subject := appendChannel(append(make([]byte, 0, 128), l.subjects...), m.Channel)
	buffer := w.buffers.Get().(*[]byte)
	defer w.buffers.Put(buffer)
	*buffer = appendRecord((*buffer)[:0], m)
	if m.ID == "" && own == "" && last == anyLast && !m.Purge {
		return w.conn.PublishRequest(string(subject), reply, *buffer)
	}
	header := make(nats.Header, 1)
	if m.ID != "" {
		// The channel is a part of it because NATS remembers IDs by stream. It has no slash in this form.
		id := append(append(make([]byte, 0, 64), subject[len(l.subjects):]...), '/')
		header[nats.MsgIdHdr] = []string{string(escape(id, m.ID, plainInID))}
	} else if own != "" {
		header[nats.MsgIdHdr] = []string{ownIDPrefix + own}
	}
	if last != anyLast {
		header[nats.ExpectedLastSubjSeqHdr] = []string{strconv.FormatUint(last, 10)}
	}
	if m.Purge { // JetStream removes what is before it in the same step
		header[headerRollup] = []string{"sub"}
	}
	return w.conn.PublishMsg(&nats.Msg{Subject: string(subject), Reply: reply, Data: *buffer, Header: header})
}

// ownIDPrefix is how an ID begins that readers do not see. What others have begins with their channel.
const ownIDPrefix = "/"

// plainInID tells the bytes that stand for themselves in the header of an ID.
func plainInID(c byte) bool {
	return c > ' ' && c < 0x7f && c != '='
}

// fail calls done as promised: from another goroutine. Whoever appends when the writer is closed has to wait for that himself.
func (w *writer) fail(done func(Ack, error), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		go done(Ack{}, err)
		return
	}
	w.background.Go(func() { done(Ack{}, err) })
}

// answered takes JetStream's answer about one message.
func (w *writer) answered(answer *nats.Msg) {
	token, err := strconv.ParseUint(answer.Subject[len(w.replies):], 36, 64)
	if err != nil {
		return // nobody else knows the inbox, and we send nothing else
	}
	s, ok := w.pending.take(token)
	if !ok {
		return // it was given up before
	}
	w.room.Release(s.weight)
	if status := answer.Header.Get("Status"); status == "503" {
		s.done(Ack{}, fmt.Errorf("%w (nobody keeps it: it was deleted, or has no leader)", ErrUnavailable))
		return
	}
	s.done(parseAck(answer.Data, s.log.Epoch()))
}

// parseAck reads {"stream":"…", "seq":17,"duplicate": true} or an error.
func parseAck(answer []byte, epoch string) (Ack, error) {
	const key = `"seq":`
	if at := bytes.Index(answer, []byte(key)); at >= 0 && !bytes.Contains(answer, []byte(`"error"`)) {
		digits := answer[at+len(key):]
		end := bytes.IndexAny(digits, ",}")
		if end >= 0 {
			offset, err := strconv.ParseUint(strings.TrimSpace(string(digits[:end])), 10, 64)
			if err == nil && offset > 0 {
				return Ack{Position: Position{Epoch: epoch, Offset: offset},
					Duplicate: bytes.Contains(digits[end:], []byte(`"duplicate"`))}, nil
			}
		}
	}
	var refusal *apiError
	if err := unmarshalAPI(answer, &struct{}{}); err != nil {
		if errors.As(err, &refusal) {
			return Ack{}, storeError(refusal)
		}
		return Ack{}, fmt.Errorf("%w (%w)", ErrUnavailable, err)
	}
	return Ack{}, fmt.Errorf("%w (the answer %.100q has no offset)", ErrUnavailable, answer)
}

// sweep gives up messages that get no answer.
func (w *writer) sweep() {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			w.look(now)
		case <-w.closing:
			return
		}
	}
}

// look gives up what gets no answer, or will not get one because its stream broke.
func (w *writer) look(now time.Time) {
	if w.engine != nil {
		if err := w.engine.CheckRoom(); err != nil {
			w.log.Warn("the room on the disk is not watched", "error", err)
		}
		broken := func(s slot) bool {
			return w.quorum == nil && s.sent.Before(now.Add(-engine.BrokenGrace)) && w.engine.Breakage(s.log.stream) != nil
		}
		for _, s := range w.pending.takeIf(broken) {
			w.end(s, engineError(w.engine.Breakage(s.log.stream)))
		}
	}
	late := func(s slot) bool { return s.sent.Before(now.Add(-ackTimeout)) }
	for _, s := range w.pending.takeIf(late) {
		w.end(s, fmt.Errorf("%w (no answer within %s; the message may have been stored)", ErrUnavailable, ackTimeout))
	}
}

// lose gives up all messages in flight because their answers cannot come any more.
func (w *writer) lose(reason error) {
	for _, s := range w.pending.takeIf(func(slot) bool { return true }) {
		w.end(s, fmt.Errorf("%w (the connection to NATS was lost: %v; the message may have been stored)", ErrUnavailable, reason))
	}
}

// end answers a message that JetStream did not answer.
func (w *writer) end(s slot, why error) {
	w.room.Release(s.weight)
	s.done(Ack{}, why)
}

// close refuses new messages, waits for those in flight, and gives up what is left when ctx ends.
func (w *writer) close(ctx context.Context) error {
	w.closed.Do(func() { close(w.closing) })
	err := w.room.Acquire(ctx, maxInFlightBytes) // everything has been answered
	if err == nil {
		w.room.Release(maxInFlightBytes)
	} else {
		err = fmt.Errorf("messages were still on their way into the log: %w", err)
	}
	close(w.drained)
	w.conn.Close()
	w.lose(nats.ErrConnectionClosed)
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	w.background.Wait()
	return err
}
