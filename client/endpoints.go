package client

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// How long an endpoint is passed over if there is another one.
const (
	restFailed  = 30 * time.Second // that could not be reached, or said that it goes away
	restDropped = 5 * time.Second  // whose connection broke
)

// endpoints are where the server can be reached. They belong to the goroutine of Client.run.
type endpoints struct {
	given []string
	last  string               // that was tried
	rests map[string]time.Time // until when they are passed over
}

// newEndpoints begins at a random one, so that clients spread over them.
func newEndpoints(given []string) endpoints {
	return endpoints{given: given, last: given[rand.N(len(given))], rests: map[string]time.Time{}}
}

// next returns the one to try: in turn, of those that rest the least. told are those that the server has told last.
func (e *endpoints) next(told []string) string {
	all := slices.Clone(e.given)
	for _, endpoint := range told {
		if !slices.Contains(all, endpoint) && e.mayUse(endpoint) {
			all = append(all, endpoint)
		}
	}
	turn := slices.Index(all, e.last) + 1
	return e.first(append(all[turn:], all[:turn]...))
}

// instead returns where to move to: what the server proposes, in its order, or else as next does.
func (e *endpoints) instead(proposed, told []string) string {
	var all []string
	for _, endpoint := range proposed {
		if e.mayUse(endpoint) {
			all = append(all, endpoint)
		}
	}
	return e.first(append(all, e.next(told)))
}

// first returns the first of those that rest the least.
func (e *endpoints) first(all []string) string {
	now := time.Now()
	rest := func(endpoint string) time.Duration { return max(0, e.rests[endpoint].Sub(now)) }
	return slices.MinFunc(all, func(a, b string) int { return cmp.Compare(rest(a), rest(b)) })
}

// rest has an endpoint passed over for a while.
func (e *endpoints) rest(endpoint string, d time.Duration) {
	now := time.Now()
	for other, until := range e.rests { // of those that the server told once
		if now.After(until) {
			delete(e.rests, other)
		}
	}
	e.rests[endpoint] = now.Add(d)
}

// mayUse tells whether the server may send the client there: what is encrypted stays so.
func (e *endpoints) mayUse(endpoint string) bool {
	encrypted := func(endpoint string) bool { return strings.HasPrefix(endpoint, "wss:") }
	return encrypted(endpoint) || !slices.ContainsFunc(e.given, encrypted)
}
