package broker

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// maxFromLeader is how many messages are asked of the leader for one page, one after the other. A replica that lacks more
// is far behind; its readers get many small pages.
const maxFromLeader = 64

// replicated tells whether a log may have several replicas, of which one may be behind the others.
func (b *Broker) replicated() bool { return b.config.Cluster != nil || b.config.URL != "" }

// complete adds to what seems to be the last messages of the log those that the near replica does not have yet. A page
// that says that nothing follows is relied on: who finds a message not to be there sends it again. A replica can be
// behind for long, for it may have been stopped, cut off, or wiped.
//
// Cost: a request to the leader, and one more for each message that was missing.
func (l *Log) complete(ctx context.Context, f fetched, filter string, from uint64, most int) (fetched, error) {
	if f.stored > 0 {
		from = f.last + 1
	}
	bytes := 0
	for range maxFromLeader {
		raw, offset, err := l.leaderNext(ctx, filter, from)
		if err != nil || offset == 0 {
			return f, err
		}
		if f.stored >= most || bytes >= pageBytes {
			break
		}
		bytes += len(raw.Data)
		if f.stored == 0 {
			f.first = offset
		}
		f.last, from = offset, offset+1
		f.stored++
		if m, err := l.parse(raw, l.subjects); err == nil {
			f.messages = append(f.messages, m)
		} else {
			l.strange(raw, err)
		}
	}
	f.pending = math.MaxUint32 // nobody knows how many; what is concluded from the number is right if it is large
	return f, nil
}

// leaderFirst asks the leader for the first message that matches a filter, from an offset on, and
// returns its offset; 0 if there is none. It costs more than fetchNear, but is never behind what has been
// acknowledged.
func (l *Log) leaderFirst(ctx context.Context, filter string, from uint64) (uint64, error) {
	if l.broker.without() != nil { // there is none
		f, err := l.fetchNear(ctx, filter, from, 1)
		return f.first, err
	}
	_, offset, err := l.leaderNext(ctx, filter, from)
	return offset, err
}

// leaderNext is leaderFirst with the message, in the form that Direct Get gives it.
func (l *Log) leaderNext(ctx context.Context, filter string, from uint64) (raw *nats.Msg, offset uint64, err error) {
	body := strconv.AppendUint([]byte(`{"seq":`), from, 10)
	body = append(appendJSONString(append(body, `,"next_by_subj":`...), filter), '}')
	answer, err := l.askLeader(ctx, "STREAM.MSG.GET", body)
	if err != nil {
		return nil, 0, err
	}
	var got struct {
		Message struct {
			Subject string    `json:"subject"`
			Offset  uint64    `json:"seq"`
			Header  []byte    `json:"hdrs"`
			Data    []byte    `json:"data"`
			Time    time.Time `json:"time"`
		} `json:"message"`
	}
	err = unmarshalAPI(answer, &got)
	if isCode(err, codeNoMessage) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, unavailable(err)
	}
	m := &got.Message
	raw = &nats.Msg{Subject: m.Subject, Data: m.Data, Header: nats.Header{}}
	if len(m.Header) > 0 {
		if raw.Header, err = nats.DecodeHeadersMsg(m.Header); err != nil {
			return nil, 0, unavailable(err)
		}
	}
	raw.Header.Set(headerSubject, m.Subject)
	raw.Header.Set(headerSequence, strconv.FormatUint(m.Offset, 10))
	raw.Header.Set(headerTime, m.Time.Format(time.RFC3339Nano))
	return raw, m.Offset, nil
}
