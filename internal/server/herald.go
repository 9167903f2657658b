package server

import (
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/hooks"
)

// herald sees to it that of what all nodes see, one tells the backends: who comes and goes in a channel, and whether it
// has subscribers. It is the node with the greatest hash together with the channel, so that what is told of a channel is
// told in order. Nodes that do not know the same others for a moment may tell twice; nobody may tell nothing:
//
//   - A node that has come tells what falls to it before the others leave that to it.
//   - One that goes by itself says so first. Of one that is gone without a word, the others know what it had to tell in
//     the moments until it was missed, and tell that again.
//   - When nodes have lost each other, each tells of the others' clients that they have gone, and when it sees them again
//     that they have come: those that come back have nothing to tell of at first.
type herald struct {
	tell  func(hooks.Event)
	tells func(hooks.Kind, channel.Name) bool
	rows  *cluster.Table

	mu     sync.Mutex // guards what follows; held while something is told, so that it is in order
	self   string
	since  time.Time            // when this node has become a herald; zero before
	others map[string]time.Time // likewise, of those that are
	closed bool
	left   []told // to others, oldest first
}

// told is what another node has to tell.
type told struct {
	hooks.Event
	by string
}

const (
	// heraldSettles is how long after it has said so a node tells what falls to it, and heraldCounts when others count on it.
	heraldSettles = 2500 * time.Millisecond
	heraldCounts  = 3 * time.Second
	// heraldKeeps is for how long is known what another node had to tell. It is more than it takes to miss a node.
	heraldKeeps = 10 * time.Second
	maxLeft     = 10_000
	heraldRow   = "herald"
)

// newHerald returns one that has nothing to tell until it begins. The cluster has not started.
func newHerald(c *cluster.Cluster, b backends) *herald {
	h := &herald{tell: b.Hooks.Tell, tells: b.Tells, self: c.Self().ID, others: make(map[string]time.Time)}
	h.rows = c.Table("heralds", func(node, _ string, value []byte) {
		_, alive := c.Node(node)
		h.hear(node, value != nil, alive)
	})
	return h
}

// begin has this node tell what falls to it: it knows what the others know.
func (h *herald) begin() {
	h.mu.Lock()
	h.since = time.Now()
	h.mu.Unlock()
	h.rows.Put(heraldRow, []byte{1})
}

// end leaves everything to the others, if there are any. This node still tells what they have not heard yet that it does not.
func (h *herald) end() {
	h.rows.Delete(heraldRow)
}

// close has nothing more told that others see, too: that the clients of this node have gone is theirs to tell, if they
// have not come back by then.
func (h *herald) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
}

// hear notes that another node has become a herald, or is none any more, whether it is alive or gone.
func (h *herald) hear(node string, is, alive bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, was := h.others[node]
	switch {
	case is && was:
	case is && h.since.IsZero():
		h.others[node] = time.Time{} // it has been one for a while, or begins with this one
	case is:
		h.others[node] = time.Now()
	default:
		delete(h.others, node)
		h.takeOverLocked(node, alive)
	}
}

// takeOverLocked tells what fell to a node that is gone. One that is alive has told it.
func (h *herald) takeOverLocked(node string, alive bool) {
	var orphans []told
	h.left = slices.DeleteFunc(h.left, func(e told) bool {
		if e.by == node {
			orphans = append(orphans, e)
		}
		return e.by == node
	})
	if alive {
		return
	}
	for _, e := range orphans {
		if time.Since(e.Time) < heraldKeeps {
			h.tellLocked(e.Event)
		}
	}
}

// Tell tells what this node has seen and all others see, or leaves it to another.
func (h *herald) Tell(e hooks.Event) {
	if !h.tells(e.Kind, e.Channel) {
		return
	}
	e.Time = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() || h.closed && len(h.others) > 0 {
		return
	}
	h.tellLocked(e)
}

func (h *herald) tellLocked(e hooks.Event) {
	by := h.fallsToLocked(e.Channel)
	if by == h.self {
		h.tell(e)
		return
	}
	stale := 0
	for stale < len(h.left) && (len(h.left)-stale >= maxLeft || time.Since(h.left[stale].Time) > heraldKeeps) {
		stale++
	}
	h.left = append(slices.Delete(h.left, 0, stale), told{e, by})
}

// fallsToLocked returns the node that has to tell of a channel.
func (h *herald) fallsToLocked(name channel.Name) (node string) {
	var most uint64
	consider := func(candidate string, since time.Time, settled time.Duration) {
		if time.Since(since) < settled {
			return
		}
		if n := heraldHash(candidate, name); node == "" || n > most || n == most && candidate > node {
			node, most = candidate, n
		}
	}
	for other, since := range h.others {
		consider(other, since, heraldCounts)
	}
	if consider(h.self, h.since, heraldSettles); node == "" {
		return h.self
	}
	return node
}

func heraldHash(node string, name channel.Name) uint64 {
	f := fnv.New64a()
	f.Write([]byte(node)) // never fails
	f.Write([]byte{0})
	f.Write([]byte(name))
	// FNV changes the upper bits little with the last bytes.
	n := f.Sum64()
	n ^= n >> 33
	n *= 0xff51afd7ed558ccd
	return n ^ n>>33
}
