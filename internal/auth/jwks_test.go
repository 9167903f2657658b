package auth

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// login is a login service: it signs tokens, and answers requests for its keys.
type login struct {
	mu      sync.Mutex
	keys    []Key
	fresh   time.Duration
	broken  error
	delay   time.Duration
	ignored []string
	fetches int
}

// rotate has the service sign with another key.
func (l *login) rotate(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seed := fmt.Sprintf("%-*s", ed25519.SeedSize, id)
	l.keys = []Key{must(NewPrivateKey(id, ed25519.NewKeyFromSeed([]byte(seed))))}
}

func (l *login) set(broken error, delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.broken, l.delay = broken, delay
}

func (l *login) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fetches
}

func (l *login) token() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return must(l.keys[0].Sign(Claims{User: "ada", Issued: time.Now(), Expires: time.Now().Add(time.Hour)}))
}

func (l *login) fetch(ctx context.Context) (keySet, error) {
	l.mu.Lock()
	l.fetches++
	set, err, delay := keySet{keys: l.keys, fresh: l.fresh, ignored: l.ignored}, l.broken, l.delay
	l.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return keySet{}, ctx.Err()
	}
	return set, err
}

// authenticator returns one that knows the service's keys only. It has to be closed.
func (l *login) authenticator(t testing.TB, log *slog.Logger) *Authenticator {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	a := must(New(t.Context(), Config{Leeway: time.Minute}))
	a.sources = []*keySource{sourceOf(must(url.Parse("https://id.example/keys")), log, l.fetch)}
	var work context.Context
	work, a.stop = context.WithCancel(t.Context())
	a.running.Go(func() { a.sources[0].run(work) })
	if err := a.sources[0].await(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func (l *login) wantIn(t *testing.T, a *Authenticator, token string) {
	t.Helper()
	if _, err := a.Authenticate(t.Context(), Credentials{Token: token}); err != nil {
		t.Error(err)
	}
}

const noKeysNow = "the keys that tokens are checked with can't be had at present; try again later"

func TestANewKeyIsFetchedWhenATokenNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour}
		l.rotate("one")
		a := l.authenticator(t, nil)
		defer a.Close()
		old := l.token()
		l.wantIn(t, a, old)
		time.Sleep(minRenewal)
		l.rotate("two")
		l.wantIn(t, a, l.token())
		if l.count() != 2 {
			t.Errorf("%d fetches", l.count())
		}
		_, err := a.Authenticate(t.Context(), Credentials{Token: old})
		wantRefused(t, err, Unauthorized, CheckKey, unknownKey)
	})
}

func TestMadeUpKeysCauseAFetchOnlyNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour, delay: time.Second}
		l.rotate("one")
		a := l.authenticator(t, nil)
		defer a.Close()
		other := &login{}
		for i := range 600 { // a minute's worth
			other.rotate(fmt.Sprint("x", i))
			_, err := a.Authenticate(t.Context(), Credentials{Token: other.token()})
			wantRefused(t, err, Unauthorized, CheckKey, unknownKey)
			time.Sleep(100 * time.Millisecond)
		}
		if n := l.count(); n != 3 {
			t.Errorf("%d fetches", n)
		}
	})
}

func TestManyWhoWaitForAKeyCauseOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour, delay: time.Second}
		l.rotate("one")
		a := l.authenticator(t, nil)
		defer a.Close()
		time.Sleep(minRenewal)
		l.rotate("two")
		token := l.token()
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { l.wantIn(t, a, token) })
		}
		all.Wait()
		if l.count() != 2 {
			t.Errorf("%d fetches", l.count())
		}
	})
}

func TestWhoWaitsForAKeyWaitsNoLongerThanAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour}
		l.rotate("one")
		a := l.authenticator(t, nil)
		defer a.Close()
		time.Sleep(minRenewal)
		l.set(nil, time.Hour)
		l.rotate("two")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := a.Authenticate(ctx, Credentials{Token: l.token()})
		wantRefused(t, err, Unavailable, CheckKeysKnown, noKeysNow)
		if time.Since(start) != time.Second {
			t.Errorf("it takes %s", time.Since(start))
		}
		_, err = a.Authenticate(t.Context(), Credentials{Token: l.token()})
		wantRefused(t, err, Unauthorized, CheckKey, unknownKey)
		if time.Since(start) != fetchTimeout {
			t.Errorf("the fetch may take %s", time.Since(start))
		}
	})
}

func TestKeysAreFetchedAgainWhenTheyAreNotFreshAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour}
		l.rotate("one")
		a := l.authenticator(t, nil)
		defer a.Close()
		l.rotate("two")
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		if l.count() != 2 {
			t.Errorf("%d fetches", l.count())
		}
		l.wantIn(t, a, l.token())
	})
}

func TestAfterTheEndNobodyWaitsForAKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour}
		l.rotate("one")
		a := l.authenticator(t, nil)
		l.wantIn(t, a, l.token())
		time.Sleep(minRenewal)
		a.Close()
		l.wantIn(t, a, l.token())
		l.rotate("two")
		_, err := a.Authenticate(t.Context(), Credentials{Token: l.token()})
		wantRefused(t, err, Unauthorized, CheckKey, unknownKey)
	})
}

func TestAnOutageIsOutlivedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour}
		l.rotate("one")
		var log strings.Builder
		a := l.authenticator(t, slog.New(slog.NewTextHandler(&log, nil)))
		defer a.Close()
		l.set(errors.New("no route to host"), 0)
		time.Sleep(mostStale)
		l.wantIn(t, a, l.token())
		if n := l.count(); n < 24*12/2 || n > 24*24 {
			t.Errorf("%d fetches in a day", n)
		}
		time.Sleep(mostRetry)
		_, err := a.Authenticate(t.Context(), Credentials{Token: l.token()})
		wantRefused(t, err, Unavailable, CheckKeysKnown, noKeysNow)
		synctest.Wait()
		for _, want := range []string{
			`level=WARN msg="the keys can't be fetched; the old ones are used" jwks=https://id.example/keys age=1h0m0s error="no route to host"`,
			`level=ERROR msg="the keys can't be fetched, and the old ones are too old to be used"`,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log lacks %s", want)
			}
		}
		l.set(nil, 0)
		time.Sleep(mostRetry)
		l.wantIn(t, a, l.token())
	})
}

func TestAServerStartsWhileTheKeysCannotBeHad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour}
		l.rotate("one")
		l.set(nil, time.Hour)
		start := time.Now()
		a := l.authenticator(t, nil)
		defer a.Close()
		if time.Since(start) != fetchTimeout {
			t.Errorf("the start takes %s", time.Since(start))
		}
		_, err := a.Authenticate(t.Context(), Credentials{Token: l.token()})
		wantRefused(t, err, Unavailable, CheckKeysKnown, noKeysNow)
		l.set(nil, 0)
		time.Sleep(leastRetry)
		l.wantIn(t, a, l.token())
	})
}

func TestAnswersWithoutKeysDoNotReplaceThoseThereAre(t *testing.T) {
	var now atomic.Pointer[string]
	answer := func(text string) { now.Store(&text) }
	answer(jwks(jwk("d", "", "", private()[EdDSA].Public())))
	u := serveKeys(t, func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(*now.Load())) })
	c := testConfig()
	c.Keys, c.JWKS = nil, []string{u.String()}
	a := newAuthenticator(t, c)
	token := must(keys()[EdDSA].Sign(goodClaims()))
	if _, err := a.Authenticate(patience(t), Credentials{Token: token}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"garbage", jwks(), jwks(jwk("d", "", "enc", private()[EdDSA].Public()))} {
		answer(text)
		s := a.sources[0]
		s.mu.Lock()
		s.begun = time.Time{} // long ago
		s.mu.Unlock()
		s.ask()
		if err := s.await(patience(t)); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Authenticate(patience(t), Credentials{Token: token}); err != nil {
			t.Error(err)
		}
	}
}

func TestThatAKeyIsIgnoredIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &login{fresh: time.Hour, ignored: []string{"key 2 of 2: it is of no use"}}
		l.rotate("one")
		var log strings.Builder
		a := l.authenticator(t, slog.New(slog.NewTextHandler(&log, nil)))
		time.Sleep(12 * time.Hour)
		a.Close()
		if n := strings.Count(log.String(), `level=WARN msg="a key is ignored" jwks=https://id.example/keys why="key 2 of 2: it is of no use"`); n != 1 {
			t.Errorf("told %d times:\n%s", n, &log)
		}
	})
}

func TestTheStartEndsWithItsContext(t *testing.T) {
	release := make(chan struct{})
	u := serveKeys(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := New(ctx, Config{JWKS: []string{u.String()}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
