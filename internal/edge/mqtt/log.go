package mqtt

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Log is where the edge keeps what is to outlive the server, the newest value of each name; [broker.Log] is one.
type Log interface {
	// Append stores m without waiting for it. done is called once, from another goroutine.
	Append(ctx context.Context, m *broker.Message, done func(broker.Ack, error))
	// AppendAfter stores m only if the newest value of the name is the one at the offset last, 0 for none. Else the error is
	// [broker.ErrNotLast].
	AppendAfter(ctx context.Context, last uint64, m *broker.Message, done func(broker.Ack, error))
	Read(ctx context.Context, p channel.Pattern, after uint64, most int) (*broker.Page, error)
	Follow(deliver func(batch []broker.Live)) (stop func())
}

const (
	logPage = 1000 // values that are read at once
	// logCheck is how often it is looked whether the live feed has missed anything.
	logCheck = 5 * time.Second
)

// followLog gives all that is in a log to apply, in order, and returns then; what is stored later, and repeats, are given to
// it by others until the handler is closed. apply is called for one value at a time.
func (h *Handler) followLog(ctx context.Context, log Log, apply func(*broker.Message)) error {
	values := make(chan *broker.Message) // from the live feed
	stop := log.Follow(func(batch []broker.Live) {
		for _, m := range batch {
			select {
			case values <- m.Message:
			case <-h.work.Done():
			}
		}
	})
	after, err := readLog(ctx, log, 0, apply)
	if err != nil {
		stop()
		return fmt.Errorf("what MQTT keeps can't be read: %w", err)
	}
	h.running.Go(func() {
		defer stop()
		tick := time.NewTicker(logCheck)
		defer tick.Stop()
		for {
			select {
			case m := <-values:
				if apply(m); m.Offset == after+1 {
					after = m.Offset
				}
			case <-tick.C:
				next, err := readLog(h.work, log, after, apply)
				if err != nil {
					h.config.Log.Debug("what MQTT keeps can't be read now", "error", err)
				}
				after = next
			case <-h.work.Done():
				return
			}
		}
	})
	return nil
}

// readLog gives what is behind an offset to apply, and returns the offset that it has come to.
func readLog(ctx context.Context, log Log, after uint64, apply func(*broker.Message)) (uint64, error) {
	for {
		page, err := log.Read(ctx, "#", after, logPage)
		if err != nil {
			return after, err
		}
		for _, m := range page.Messages {
			apply(m)
		}
		after = page.End.Offset
		if !page.More {
			return after, nil
		}
	}
}
