package broker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

const (
	quorumInterval = 200 * time.Millisecond

	// lostAfter is how long no node may lead before the majority counts as lost: two elections may be needed.
	lostAfter = 3 * time.Second
)

// NoQuorum says that this node has not been able to agree on anything with a majority of the nodes.
type NoQuorum struct {
	Since     time.Time // no node has led since
	Connected int       // nodes that this one has a connection to, besides itself
	Needed    int       // nodes that are needed, of
	Known     int
}

// Error says what still works and what to do.
func (e *NoQuorum) Error() string {
	return fmt.Sprintf("since %s this node has been without a majority of the nodes of its cluster: it is connected to %d others, and of %d nodes %d are needed; "+
		"reading, and channels without history, go on, publishing to channels with history does not; start the nodes that are missing, or mend the network between them",
		e.Since.UTC().Format(time.RFC3339), e.Connected, e.Known, e.Needed)
}

// quorum watches whether the nodes agree. Its methods may be called from any goroutine.
type quorum struct {
	engine *engine.Engine
	log    *slog.Logger
	lost   atomic.Pointer[NoQuorum] // nil while all is well
	stop   context.CancelFunc
	done   sync.WaitGroup
}

func watchQuorum(e *engine.Engine, log *slog.Logger) *quorum {
	ctx, stop := context.WithCancel(context.Background())
	q := &quorum{engine: e, log: log, stop: stop}
	q.done.Go(func() { q.run(ctx) })
	return q
}

func (q *quorum) close() {
	q.stop()
	q.done.Wait()
}

// loss returns what is wrong, nil if nothing is.
func (q *quorum) loss() error {
	if lost := q.lost.Load(); lost != nil {
		return lost
	}
	return nil
}

func (q *quorum) run(ctx context.Context) {
	tick := time.NewTicker(quorumInterval)
	defer tick.Stop()
	led := time.Now() // when some node led
	for {
		select {
		case now := <-tick.C:
			m := q.engine.Membership()
			if m.Leader != "" {
				led = now
			}
			q.look(now, led, m)
		case <-ctx.Done():
			return
		}
	}
}

// look notes whether there is a majority.
func (q *quorum) look(now, led time.Time, m engine.Membership) {
	before := q.lost.Load()
	if now.Sub(led) < lostAfter {
		if before != nil {
			q.lost.Store(nil)
			q.log.Info("this node is with a majority of the nodes of its cluster again", "without", now.Sub(before.Since).Round(time.Second), "leader", m.Leader)
		}
		return
	}
	lost := &NoQuorum{Since: led, Connected: m.Connected, Needed: m.Needed, Known: m.Known}
	q.lost.Store(lost)
	if before == nil {
		q.log.Error(lost.Error())
	}
}
