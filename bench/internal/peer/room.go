//go:build linux

package peer

import (
	"slices"
	"sync"
	"sync/atomic"
)

// room is the set of connections that a broadcast reaches. All peers use it, so that they differ by
// the library alone. Its methods may be called from any goroutine.
type room[C comparable] struct {
	mu   sync.Mutex // guards changes of list
	list atomic.Pointer[[]C]
}

// all returns the members. The slice must not be changed, and does not change.
func (r *room[C]) all() []C {
	if list := r.list.Load(); list != nil {
		return *list
	}
	return nil
}

func (r *room[C]) join(member C) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := append(slices.Clip(r.all()), member)
	r.list.Store(&list)
}

func (r *room[C]) leave(member C) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(r.all()), func(c C) bool { return c == member })
	r.list.Store(&list)
}

// Members returns how many there are.
func (r *room[C]) Members() int { return len(r.all()) }
