package hooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Each hook is told by one node at a time, or its events would not stay in order. Who that is stands in one
// record for each hook, the seat, together with how far the hook has come. Every write of it names the record
// that it replaces, so of several nodes one succeeds. Its holder writes it at least every beat; when it could
// not for hold, it stops. Others wait until they have seen no write for lease, by their own clock, which is
// longer by more than clocks drift: then nobody holds it any more.
const (
	beatInterval  = 3 * time.Second
	holdTime      = 10 * time.Second
	leaseTime     = 15 * time.Second
	saveInterval  = 250 * time.Millisecond // while something is told: what is told twice after a crash
	writeTimeout  = 3 * time.Second
	seatLogName   = "//hook-seats"     // which is no pattern, so that no rule has it
	seatRetention = 7 * 24 * time.Hour // a hook that nobody had for so long begins anew
	seatRefresh   = time.Hour          // so a seat is written at least so often
)

// seatRecord is what stands in a seat.
type seatRecord struct {
	Owner string               `json:"owner,omitzero"` // a node, for as long as it runs; "" for nobody
	Beat  uint64               `json:"beat"`           // so that no two records are the same
	Feeds map[string]feedState `json:"feeds"`          // by the name of the log
}

// feedState is how far a hook has come in a log.
type feedState struct {
	Epoch string `json:"epoch"` // of the offsets
	mark
	Late map[channel.Name]lateState `json:"late,omitempty"`
}

// lateState is how far it has come in a channel that is behind the others.
type lateState struct {
	mark
	Seen uint64 `json:"seen"`
}

// errSeatTaken says that another node has the seat.
var errSeatTaken = errors.New("another node tells the hook now")

// seat is where a node sees one. It is used by one goroutine at a time.
type seat struct {
	log    *broker.Log
	name   channel.Name
	node   string
	shared bool // other nodes may want it
	timing timing

	offset uint64 // of the record that is known; 0 for none
	beat   uint64
}

// read returns what stands there, and nil if nothing does.
func (s *seat) read(ctx context.Context) (*seatRecord, error) {
	page, err := s.log.Last(ctx, s.name.Pattern(), 1)
	if err != nil {
		return nil, err
	}
	s.offset = 0
	if len(page.Messages) == 0 {
		return nil, nil
	}
	var r seatRecord
	if err := json.Unmarshal(page.Messages[0].Payload, &r); err != nil {
		return nil, fmt.Errorf("how far a hook has come can't be read: %w", err)
	}
	s.offset, s.beat = page.Messages[0].Offset, r.Beat
	return &r, nil
}

// write replaces the record that is known. The error is errSeatTaken if there is another one that this node has
// not written.
func (s *seat) write(ctx context.Context, r *seatRecord) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	err := s.replace(ctx, r)
	if !errors.Is(err, broker.ErrNotLast) {
		return err
	}
	// It may be one of ours, whose answer got lost.
	there, err := s.read(ctx)
	switch {
	case err != nil:
		return err
	case there == nil || there.Owner == s.node && s.node != "":
		return s.replace(ctx, r)
	}
	return errSeatTaken
}

func (s *seat) replace(ctx context.Context, r *seatRecord) error {
	s.beat++
	r.Beat = s.beat
	body, err := json.Marshal(r, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("how far a hook has come can't be written: %w", err)
	}
	type answer struct {
		offset uint64
		err    error
	}
	done := make(chan answer, 1)
	m := &broker.Message{Channel: s.name, Type: websocket.Text, Payload: body, Time: time.Now()}
	s.log.AppendAfter(ctx, s.offset, m, func(a broker.Ack, err error) { done <- answer{a.Offset, err} })
	select {
	case a := <-done:
		if a.err == nil {
			s.offset = a.offset
		}
		return a.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take waits until the seat is this node's, and returns what stands there. The error is that of ctx, or of the
// log.
func (s *seat) take(ctx context.Context) (*seatRecord, error) {
	var seen uint64
	var since time.Time
	for {
		r, err := s.read(ctx)
		if err != nil {
			return nil, err
		}
		if r == nil {
			r = new(seatRecord)
		}
		now := time.Now()
		if s.offset != seen {
			seen, since = s.offset, now
		}
		if !s.shared || r.Owner == "" || now.Sub(since) >= s.timing.lease {
			r.Owner = s.node
			if err := s.write(ctx, r); err == nil {
				return r, nil
			} else if !errors.Is(err, errSeatTaken) {
				return nil, err
			}
		}
		if !pause(ctx, s.timing.beat) {
			return nil, context.Cause(ctx)
		}
	}
}
