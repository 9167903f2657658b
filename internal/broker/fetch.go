package broker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// The headers of NATS that are used.
const (
	headerSubject  = "Nats-Subject"
	headerSequence = "Nats-Sequence"
	headerTime     = "Nats-Time-Stamp"
	headerPrevious = "Nats-Last-Sequence" // of a live message; in a batch it means the one before in the batch
	headerPending  = "Nats-Num-Pending"
	headerRollup   = "Nats-Rollup"
)

// pageBytes is about how much payload a page holds at most; the last message may exceed it.
const pageBytes = 256 << 10

// fetched is what one batch of JetStream's Direct Get brought.
type fetched struct {
	messages []*Message
	first    uint64 // offset of the first message, 0 without any
	last     uint64 // and of the last
	pending  uint64 // messages behind the last one
	stored   int    // messages of the batch: messages may lack some that could not be read
}

// fetch gets up to most messages that match a filter, from an offset on. They come from whichever
// replica is near; what that does not have yet comes from the leader.
func (l *Log) fetch(ctx context.Context, filter string, from uint64, most int) (fetched, error) {
	f, err := l.fetchNear(ctx, filter, from, most)
	if err != nil || f.pending > 0 || !l.broker.replicated() || l.broker.without() != nil {
		return f, err
	}
	return l.complete(ctx, f, filter, from, most)
}

// fetchNear is fetch from the near replica alone.
func (l *Log) fetchNear(ctx context.Context, filter string, from uint64, most int) (fetched, error) {
	body := strconv.AppendUint([]byte(`{"seq":`), from, 10)
	body = appendJSONString(append(body, `,"next_by_subj":`...), filter)
	body = strconv.AppendInt(append(body, `,"batch":`...), int64(most), 10)
	body = strconv.AppendInt(append(body, `,"max_bytes":`...), pageBytes, 10)
	answers, err := l.reader().askBatch(ctx, "$JS.API.DIRECT.GET."+l.stream, append(body, '}'))
	if err != nil {
		return fetched{}, err
	}

	end := answers[len(answers)-1]
	answers = answers[:len(answers)-1]
	switch status := end.Header.Get("Status"); {
	case status == "404":
		return fetched{}, nil
	case status != "204" || len(answers) == 0:
		return fetched{}, unavailable(fmt.Errorf("NATS answered %q to a read", status+" "+end.Header.Get("Description")))
	}
	f := fetched{pending: headerNumber(end, headerPending), stored: len(answers), messages: make([]*Message, 0, len(answers))}
	for _, answer := range answers {
		m, err := l.parse(answer, l.subjects)
		if m == nil {
			return fetched{}, unavailable(err)
		}
		if f.first == 0 {
			f.first = m.Offset
		}
		f.last = m.Offset
		if err == nil {
			f.messages = append(f.messages, m)
		} else {
			l.strange(answer, err)
		}
	}
	return f, nil
}

// last gets the newest message that matches a filter; nil if there is none.
func (l *Log) last(ctx context.Context, filter string) (*Message, error) {
	body := append(appendJSONString([]byte(`{"last_by_subj":`), filter), '}')
	answers, err := l.reader().query(ctx, "$JS.API.DIRECT.GET."+l.stream, body, false)
	if err != nil {
		return nil, err
	}
	switch status := answers[0].Header.Get("Status"); status {
	case "":
		m, err := l.parse(answers[0], l.subjects)
		if m == nil {
			return nil, unavailable(err)
		}
		return m, nil // its offset is right even if the rest is not
	case "404":
		return nil, nil
	default:
		return nil, unavailable(fmt.Errorf("NATS answered %q to a read", status))
	}
}

// parse reads a stored message, or a live one, from its form in NATS. Without an offset there is no
// message; with one, an error says that the rest is not ours.
func (l *Log) parse(raw *nats.Msg, prefix string) (*Message, error) {
	subject := raw.Subject
	if prefix == l.subjects {
		subject = raw.Header.Get(headerSubject)
	}
	m := &Message{Offset: headerNumber(raw, headerSequence)}
	if m.Offset == 0 {
		return nil, errors.New("a message of NATS has no sequence")
	}
	var err error
	if m.Channel, err = parseChannel(strings.TrimPrefix(subject, prefix)); err != nil {
		return m, err
	}
	if m.Time, err = time.Parse(time.RFC3339Nano, raw.Header.Get(headerTime)); err != nil {
		return m, fmt.Errorf("its time cannot be read: %w", err)
	}
	if id := raw.Header.Get(nats.MsgIdHdr); id != "" && !strings.HasPrefix(id, ownIDPrefix) {
		_, escaped, _ := strings.Cut(id, "/")
		if m.ID, err = unescape(escaped); err != nil {
			return m, err
		}
	}
	return m, parseRecord(raw.Data, m)
}

// strange tells of a message in the stream that we did not write. It is left out of what is read.
func (l *Log) strange(raw *nats.Msg, err error) {
	l.broker.config.Log.Warn("a message in the log is not one of Holdfast's, and is left out",
		slog.String("log", l.name), slog.String("offset", raw.Header.Get(headerSequence)), slog.Any("error", err))
}

// oldest returns the offset of the oldest message of a pattern, 0 if there is none.
func (l *Log) oldest(ctx context.Context, p channel.Pattern) (uint64, error) {
	f, err := l.fetch(ctx, l.filter(p), 1, 1)
	return f.first, err
}
