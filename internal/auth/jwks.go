package auth

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	fetchTimeout = 5 * time.Second
	// minRenewal is the shortest time between two fetches that tokens with unknown keys cause: anybody can
	// make up such tokens.
	minRenewal = 30 * time.Second
	// leastFresh and mostFresh bound for how long keys are used without asking again, whatever the
	// answer's Cache-Control says; usualFresh is for those that say nothing.
	leastFresh, usualFresh, mostFresh = time.Minute, 15 * time.Minute, 6 * time.Hour
	// mostStale is for how long keys are used after they were fetched, if their URL can't be reached any more.
	// A key that is withdrawn meanwhile is good for as long.
	mostStale = 24 * time.Hour
	// leastRetry and mostRetry bound the wait after a failure, which doubles.
	leastRetry, mostRetry = 5 * time.Second, 5 * time.Minute
)

// keySource keeps the keys of one JWKS URL. One goroutine fetches; others wait for it.
type keySource struct {
	name  string // the URL without a password
	fetch func(context.Context) (keySet, error)
	log   *slog.Logger
	wake  chan struct{} // of the goroutine; holds one

	ignored []string // why keys were ignored the last time; for the goroutine alone

	mu      sync.Mutex // guards what follows
	set     []Key
	fetched time.Time     // when set was; zero if it never was
	round   chan struct{} // closed at the end of the fetch that runs or has been asked for; nil if there is none
	begun   time.Time     // when the last fetch was
	ended   bool          // there will be no more
}

// newKeySource returns the source of a URL, whose goroutine is run.
func newKeySource(address string, log *slog.Logger) (*keySource, error) {
	u, err := parseKeyURL(address)
	if err != nil {
		return nil, err
	}
	return sourceOf(u, log, fetcher(u)), nil
}

func sourceOf(u *url.URL, log *slog.Logger, fetch func(context.Context) (keySet, error)) *keySource {
	name := u.Redacted()
	return &keySource{
		name: name, fetch: fetch, log: log.With("jwks", name),
		wake: make(chan struct{}, 1), round: make(chan struct{}), // the first fetch is on its way
	}
}

// run fetches the keys again and again, until ctx ends.
func (s *keySource) run(ctx context.Context) {
	defer s.end()
	retry := leastRetry
	for {
		s.begin()
		bounded, cancel := context.WithTimeout(ctx, fetchTimeout)
		got, err := s.fetch(bounded)
		cancel()
		now := time.Now()
		wait := got.fresh
		if err == nil {
			retry = leastRetry
		} else {
			wait = retry/2 + rand.N(retry/2) // so that the nodes of a cluster don't ask as one
			retry = min(2*retry, mostRetry)
		}
		if fetched := s.keep(got, err, now); ctx.Err() == nil {
			s.tell(got, err, now, fetched)
		}
		s.finish()
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// end lets go on who waits for a fetch that will not be.
func (s *keySource) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	if s.round != nil {
		close(s.round)
		s.round = nil
	}
}

// begin notes that a fetch begins.
func (s *keySource) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = time.Now()
	if s.round == nil {
		s.round = make(chan struct{})
	}
}

// keep takes over what was fetched, and returns when there last was something.
func (s *keySource) keep(got keySet, err error, now time.Time) (fetched time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.set, s.fetched = got.keys, now
	}
	return s.fetched
}

// finish lets go on who waits for the fetch.
func (s *keySource) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.wake: // it has been done
	default:
	}
	close(s.round)
	s.round = nil
}

// tell logs what came of a fetch; fetched is when there last was a good one.
func (s *keySource) tell(got keySet, err error, now, fetched time.Time) {
	age := now.Sub(fetched).Round(time.Second)
	switch {
	case err == nil:
		s.log.Debug("keys fetched", "keys", len(got.keys), "fresh", got.fresh)
	case fetched.IsZero():
		s.log.Warn("the keys can't be fetched, so nobody with a token of theirs can be let in", "error", err)
	case now.Sub(fetched) > mostStale:
		s.log.Error("the keys can't be fetched, and the old ones are too old to be used", "age", age, "error", err)
	default:
		s.log.Warn("the keys can't be fetched; the old ones are used", "age", age, "error", err)
	}
	if !slices.Equal(got.ignored, s.ignored) {
		for _, why := range got.ignored {
			s.log.Warn("a key is ignored", "why", why)
		}
		s.ignored = got.ignored
	}
}

// keys returns the keys; false if there are none yet, or they are too old.
func (s *keySource) keys(now time.Time) ([]Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fetched.IsZero() || now.Sub(s.fetched) > mostStale {
		return nil, false
	}
	return s.set, true
}

// ask has the keys fetched now, unless that has just been tried.
func (s *keySource) ask() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || s.round != nil || time.Since(s.begun) < minRenewal {
		return
	}
	s.round = make(chan struct{})
	s.wake <- struct{}{} // has room: it is emptied at the end of each round
}

// await waits for the fetch that runs or has been asked for, if there is one.
func (s *keySource) await(ctx context.Context) error {
	s.mu.Lock()
	round := s.round
	s.mu.Unlock()
	if round == nil {
		return nil
	}
	select {
	case <-round:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for the keys of %s: %w", s.name, context.Cause(ctx))
	}
}
