package auth

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// memoryStore is a last-value log that several nodes share.
type memoryStore struct {
	mu     sync.Mutex
	latest map[string][]byte
	log    [][]byte
	grown  chan struct{}
	broken error
}

func newMemoryStore() *memoryStore {
	return &memoryStore{latest: map[string][]byte{}, grown: make(chan struct{})}
}

func (s *memoryStore) Put(_ context.Context, key string, value []byte, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return s.broken
	}
	s.latest[key] = value
	s.log = append(s.log, value)
	close(s.grown)
	s.grown = make(chan struct{})
	return nil
}

func (s *memoryStore) Follow(ctx context.Context, changed func([]byte), ready func()) error {
	s.mu.Lock()
	before, next := slices.Collect(maps.Values(s.latest)), len(s.log)
	s.mu.Unlock()
	for _, value := range before {
		changed(value)
	}
	ready()
	for {
		s.mu.Lock()
		news, grown := s.log[next:], s.grown
		next = len(s.log)
		s.mu.Unlock()
		for _, value := range news {
			changed(value)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// follow has a node follow a store until the end of the test.
func follow(t *testing.T, store Store) *Revocations {
	rs := NewRevocations(store, time.Hour, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ready := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		if err := rs.Follow(ctx, func() { close(ready) }); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	<-ready
	return rs
}

func TestARevocationIsInForceOnAllNodesAndAfterARestart(t *testing.T) {
	store := newMemoryStore()
	one, two := follow(t, store), follow(t, store)
	told := make(chan Revocation, 1)
	defer two.Watch(func(r Revocation) { told <- r })()
	revoke(t, one, Revocation{User: "ada"})
	select {
	case r := <-told:
		if r.User != "ada" || !two.Revoked(&Identity{User: "ada"}, "") {
			t.Errorf("the other node is told of %+v", r)
		}
	case <-patience(t).Done():
		t.Fatal("the other node is not told")
	}
	if again := follow(t, store); !again.Revoked(&Identity{User: "ada"}, "") {
		t.Error("a restart forgets it")
	}
}

func TestAStoreThatFailsDoesNotUndoARevocation(t *testing.T) {
	store := newMemoryStore()
	store.broken = errors.New("the disk is full")
	rs := NewRevocations(store, time.Hour, nil)
	want := "the revocation is in force on this node alone, and until it stops, because it can't be stored: the disk is full; revoke again"
	if err := rs.Revoke(patience(t), Revocation{TokenID: "t1"}); text(err) != want {
		t.Errorf("it says %v", err)
	}
	if !rs.Revoked(&Identity{TokenID: "t1"}, "") {
		t.Error("it is not in force here")
	}
}

func TestWhatIsStoredAndMeansNothingIsToldAndPassedOver(t *testing.T) {
	store := newMemoryStore()
	for _, value := range []string{"", "x", "{}", `{"user":"a","token":"b"}`, `{"user":1}`, `{"colour":"red"}`, `{"user":"a","user":"b"}`} {
		store.latest[value] = []byte(value)
	}
	var log strings.Builder
	rs := NewRevocations(store, 0, slog.New(slog.NewTextHandler(&log, nil)))
	ctx, cancel := context.WithCancel(t.Context())
	if err := rs.Follow(ctx, cancel); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if told := strings.Count(log.String(), "a stored revocation is not in force"); told != len(store.latest) || len(rs.all) != 0 {
		t.Errorf("%d of %d are told, %d are in force:\n%s", told, len(store.latest), len(rs.all), &log)
	}
}

// TestALogOfRevocationsMeansTheSameInAnyOrder: replayed with repeats and in another order, it leaves the same
// set.
func TestALogOfRevocationsMeansTheSameInAnyOrder(t *testing.T) {
	start := time.Now()
	some := rapid.Custom(func(t *rapid.T) Revocation {
		var r Revocation
		switch name := rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"); rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			r.User, r.IssuedBefore = name, start.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "before"))*time.Second)
		case 1:
			r.TokenID = name
		case 2:
			r.Session = name
		}
		if hours := rapid.IntRange(0, 3).Draw(t, "until"); hours > 0 {
			r.Until = start.Add(time.Duration(hours) * time.Hour)
		}
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		log := rapid.SliceOfN(some, 0, 12).Draw(t, "log")
		again := rapid.Permutation(append(slices.Clone(log), log...)).Draw(t, "again")
		one, two := NewRevocations(nil, 0, nil), NewRevocations(nil, 0, nil)
		for _, r := range log {
			one.take(r)
		}
		for _, r := range again {
			value, err := r.encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := decodeRevocation(value)
			if err != nil {
				t.Fatalf("%s: %v", value, err)
			}
			two.take(read)
		}
		if !maps.EqualFunc(one.all, two.all, func(a, b Revocation) bool { return a.equal(&b) }) {
			t.Fatalf("%v and %v", one.all, two.all)
		}
	})
}
