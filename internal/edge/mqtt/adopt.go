package mqtt

import (
	"context"
	"errors"
	"hash/fnv"
	"io"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// The sessions of a node that has gone are taken over by the others, each by one: what is published for them is kept again,
// they end when their time is over, and the wills of clients that do not come back are published.

const (
	// adoptInterval is how often it is looked for such sessions besides, since nodes may not agree for a moment who is there.
	adoptInterval = 10 * time.Second
	// adoptAgain is when it is looked for them once more after a node has gone, whose last records may be on their way here.
	adoptAgain = time.Second
)

// Begin takes over the sessions that belong to no node. It is called when the cluster has been started, and returns when
// they are here; ctx bounds that.
func (h *Handler) Begin(ctx context.Context) {
	if h.config.Sessions == nil {
		return
	}
	h.sessions.adoptAll(ctx)
	h.running.Go(func() {
		tick := time.NewTicker(adoptInterval)
		defer tick.Stop()
		for {
			select {
			case <-h.sessions.look:
				tick.Reset(adoptAgain)
			case <-tick.C:
				tick.Reset(adoptInterval)
			case <-h.work.Done():
				return
			}
			h.sessions.adoptAll(h.work)
		}
	})
}

// heirs has it looked for sessions when a node has gone.
func (ss *sessions) heirs(_ cluster.Node, here bool) {
	if here {
		return
	}
	select {
	case ss.look <- struct{}{}:
	default:
	}
}

func (ss *sessions) adoptAll(ctx context.Context) {
	for _, name := range ss.orphans() {
		if ctx.Err() != nil {
			return
		}
		if err := ss.adopt(ctx, name); err != nil {
			ss.handler.config.Log.Warn("the session of a node that has gone is not taken over", "edge", "mqtt", "error", err)
		}
	}
}

// orphans returns the names of sessions whose nodes have gone, and that are for this one to take over.
func (ss *sessions) orphans() (names []channel.Name) {
	alive := make(map[string]bool)
	var staying []string
	for _, n := range ss.handler.config.Cluster.Nodes() {
		alive[n.ID] = true
		if n.State != cluster.Draining {
			staying = append(staying, n.ID)
		}
	}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for name, r := range ss.stored {
		if !alive[r.node] && heir(name, staying) == ss.handler.node {
			names = append(names, name)
		}
	}
	return names
}

// heir returns which of the nodes a session falls to: each gets its share of those of a node that goes.
func heir(name channel.Name, nodes []string) (node string) {
	best := uint64(0)
	for _, n := range nodes {
		sum := fnv.New64a()
		io.WriteString(sum, string(name)+n) // never fails
		if weight := sum.Sum64(); node == "" || weight > best {
			node, best = n, weight
		}
	}
	return node
}

// adopt takes over a session, unless somebody else has or does.
func (ss *sessions) adopt(ctx context.Context, name channel.Name) error {
	h := ss.handler
	ctx, cancel := context.WithTimeout(ctx, restoreTimeout)
	defer cancel()
	r, last, err := h.stored(ctx, name)
	if err != nil || r == nil {
		return err
	}
	key := sessionKey{r.User, r.Client}
	if _, alive := h.config.Cluster.Node(r.Node); alive || key.recordName() != name {
		return nil
	}
	done, _ := ss.turns.take(key)
	if done == nil {
		return nil // its client is just coming
	}
	defer done()
	if ss.recall(key) != nil {
		return nil
	}
	s := restore(ctx, h, r)
	s.journal.last = last
	if err := s.journal.await(); err != nil {
		s.abandon(packet.SessionTakenOver, "")
		if errors.Is(err, errSuperseded) {
			return nil
		}
		return err
	}
	ss.add(s)
	s.orphaned(time.Now())
	ss.left(s)
	return nil
}

// orphaned begins to wait for the client of a session whose node has gone. It has a while to come before it counts as lost.
func (s *mqttSession) orphaned(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.conn != nil {
		return
	}
	s.waitLocked(s.will, now.Sub(s.lostAt), s.handler.config.Grace) // not less than for grace, so that no will is due
}
