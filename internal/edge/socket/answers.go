package socket

import (
	"sync"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
)

// answers keeps the replies to publishes in the order of the publishes, channel by channel.
type answers struct {
	out *out

	mu      sync.Mutex // guards what follows
	pending map[channel.Name][]*answer
}

// answer is the reply to one publish, once it is known.
type answer struct {
	id    uint64
	known bool
	ok    *protocol.PublishOK
	err   *protocol.Error // instead of ok
}

// expect takes the next turn in a channel.
func (a *answers) expect(name channel.Name, id uint64) *answer {
	t := &answer{id: id}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pending == nil {
		a.pending = make(map[channel.Name][]*answer)
	}
	a.pending[name] = append(a.pending[name], t)
	return t
}

// give sends the reply, when those before it have been sent.
func (a *answers) give(name channel.Name, t *answer, ok *protocol.PublishOK, err *protocol.Error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t.known, t.ok, t.err = true, ok, err
	queue := a.pending[name]
	for len(queue) > 0 && queue[0].known {
		if next := queue[0]; next.err != nil {
			a.out.refuse(next.id, next.err)
		} else {
			a.out.ok(next.id, next.ok)
		}
		queue[0] = nil
		queue = queue[1:]
	}
	if len(queue) == 0 {
		delete(a.pending, name)
		return
	}
	a.pending[name] = queue
}
