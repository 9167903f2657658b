package auth

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Store keeps the latest value of each key, beyond the life of this process and for all nodes.
type Store interface {
	// Put stores value as the latest of key. It may be forgotten after keep, which is 0 for never.
	Put(ctx context.Context, key string, value []byte, keep time.Duration) error
	// Follow calls changed with the latest value of each key, then ready, and then changed with what is
	// put by whichever node, until ctx ends or it fails. It may repeat values, and leave out those that
	// newer ones have replaced.
	Follow(ctx context.Context, changed func(value []byte), ready func()) error
}

// maxRevocations bounds those that are remembered: 100,000 take about 30 MB.
const maxRevocations = 100_000

// ErrManyRevoked refuses a revocation, of which there are too many.
var ErrManyRevoked = fmt.Errorf("there are %d revocations, and no more are remembered; revoke by user, or replace the key that tokens are signed with", maxRevocations)

// Revocations are what has been revoked and has not expired yet. Its methods may be called from any
// goroutine.
type Revocations struct {
	store Store         // nil if this process is all there is
	keep  time.Duration // from a revocation until all that it takes back has expired; 0 for ever
	log   *slog.Logger

	mu    sync.RWMutex // guards what follows
	all   map[string]Revocation
	sweep int // when there are so many, those that are over are dropped

	watching sync.Mutex // guards watchers; never held together with mu
	watchers map[*func(Revocation)]struct{}
}

const leastSweep = 1024

// NewRevocations returns an empty set. keep is as from [Config.Keep], or 0, for ever, if users have client
// certificates. With a store, call Follow before the first client is let in.
func NewRevocations(store Store, keep time.Duration, log *slog.Logger) *Revocations {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Revocations{
		store: store, keep: keep, log: log,
		all: make(map[string]Revocation), sweep: leastSweep,
		watchers: make(map[*func(Revocation)]struct{}),
	}
}

// Follow takes over what is stored and what other nodes revoke, until ctx ends. ready is called when all
// that was stored before is in force.
func (rs *Revocations) Follow(ctx context.Context, ready func()) error {
	return rs.store.Follow(ctx, func(value []byte) {
		r, err := decodeRevocation(value)
		if err != nil {
			rs.log.Error("a stored revocation is not in force", "error", err)
			return
		}
		rs.take(r)
	}, ready)
}

// Revoke takes back what r says, at once on this node, and then on all. Of a user, everything issued until
// now is meant if r does not say; without Until, r is remembered for as long as tokens can count, and that of
// an API key for ever. The error says what is not as asked: too many revocations, so that
// nothing was done, or a store that can't be reached, so that the others do not know.
func (rs *Revocations) Revoke(ctx context.Context, r Revocation) error {
	now := time.Now()
	if r.User != "" && r.IssuedBefore.IsZero() {
		r.IssuedBefore = now
	}
	if r.Until.IsZero() && rs.keep > 0 && !IsAPIKey(r.TokenID) { // which does not expire
		r.Until = now.Add(rs.keep)
	}
	if err := r.check(); err != nil {
		return err
	}
	if rs.full(r.key(), now) {
		return ErrManyRevoked
	}
	r = rs.take(r)
	if rs.store == nil {
		return nil
	}
	value, err := r.encode()
	if err == nil {
		var keep time.Duration
		if !r.Until.IsZero() {
			keep = r.Until.Sub(now)
		}
		err = rs.store.Put(ctx, r.key(), value, keep)
	}
	if err != nil {
		return fmt.Errorf("the revocation is in force on this node alone, and until it stops, because it can't be stored: %w; revoke again", err)
	}
	return nil
}

// full tells whether there is no room for another key.
func (rs *Revocations) full(key string, now time.Time) bool {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.all) < maxRevocations {
		return false
	}
	rs.dropLocked(now)
	_, known := rs.all[key]
	return !known && len(rs.all) >= maxRevocations
}

// take puts r in force and returns it with what was before. Those that other nodes have made are not
// counted: each node has kept to the bound when it made them.
func (rs *Revocations) take(r Revocation) Revocation {
	now := time.Now()
	if r.over(now) {
		return r
	}
	rs.mu.Lock()
	before, known := rs.all[r.key()]
	if known {
		r = r.merge(before)
	} else if len(rs.all) >= rs.sweep {
		rs.dropLocked(now)
		rs.sweep = max(leastSweep, 2*len(rs.all))
	}
	rs.all[r.key()] = r
	rs.mu.Unlock()
	if !known || !r.equal(&before) {
		rs.tell(r)
	}
	return r
}

func (rs *Revocations) dropLocked(now time.Time) {
	for key, r := range rs.all {
		if r.over(now) {
			delete(rs.all, key)
		}
	}
}

// Revoked tells whether a client is out: by its user, its token, or its session, which may be "".
func (rs *Revocations) Revoked(id *Identity, session string) bool {
	rs.mu.RLock()
	defer rs.mu.RUnlock()
	if len(rs.all) == 0 {
		return false
	}
	now := time.Now()
	for _, one := range [...]Revocation{{User: id.User}, {TokenID: id.TokenID}, {Session: session}} {
		if one == (Revocation{}) {
			continue
		}
		if r, ok := rs.all[one.key()]; ok && r.Hits(id, session, now) {
			return true
		}
	}
	return false
}

// Watch has f called with each revocation that comes into force, until stop is called. A client that is
// let in meanwhile can be missed: register it first where f looks, and then ask Revoked once more. f may be
// called by several goroutines at a time, and holds up who revokes.
func (rs *Revocations) Watch(f func(Revocation)) (stop func()) {
	rs.watching.Lock()
	defer rs.watching.Unlock()
	rs.watchers[&f] = struct{}{}
	return func() {
		rs.watching.Lock()
		defer rs.watching.Unlock()
		delete(rs.watchers, &f)
	}
}

func (rs *Revocations) tell(r Revocation) {
	rs.watching.Lock()
	var all []func(Revocation)
	for f := range rs.watchers {
		all = append(all, *f)
	}
	rs.watching.Unlock()
	for _, f := range all {
		f(r)
	}
}
