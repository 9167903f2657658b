package hooks

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Hook is a backend, and what it wants to know.
type Hook struct {
	Name     string            // in logs and metrics; unique
	URL      string            // https, or with AllowPrivate http to a private address
	Kinds    []Kind            // what it is asked and told
	Channels []channel.Pattern // of which channels; none is all
	Secrets  []webhook.Secret  // that requests are signed with, all of them, the newest first; at least one
	Source   string            // of its events, a URI reference that does not depend on the node

	Timeout       time.Duration // for a request, with the wait for its turn
	Allow         bool          // what it can't be asked happens as if there were no hook; else it is refused
	AllowPrivate  bool          // the address may be one of this machine or of a private network
	InFlight      int           // requests at a time, those that ask and those that tell each
	MaxReplyBytes int64         // of the answer to a question

	Headers []string // of the request that a client comes in with; Connect brings those named here

	Batch      int           // the most events that one request tells
	MaxAge     time.Duration // of an event that is told; an older one is a dead letter
	DeadLetter channel.Name  // where what could not be told is published; "" for nowhere
}

// The defaults of the fields that are zero.
const (
	DefaultTimeout       = 5 * time.Second
	DefaultInFlight      = 64
	DefaultMaxReplyBytes = 64 << 10
	DefaultMaxAge        = 24 * time.Hour
	DefaultSource        = "/holdfast"
)

func (h Hook) withDefaults() Hook {
	if h.Timeout == 0 {
		h.Timeout = DefaultTimeout
	}
	if h.InFlight == 0 {
		h.InFlight = DefaultInFlight
	}
	if h.MaxReplyBytes == 0 {
		h.MaxReplyBytes = DefaultMaxReplyBytes
	}
	if h.MaxAge == 0 {
		h.MaxAge = DefaultMaxAge
	}
	if h.Source == "" {
		h.Source = DefaultSource
	}
	h.Batch = max(h.Batch, 1)
	return h
}

// Check says what is wrong with a hook. The error does not repeat the URL, which may hold a password.
func (h *Hook) Check() error {
	if _, err := ParseURL(h.URL, h.AllowPrivate); err != nil {
		return err
	}
	switch {
	case len(h.Kinds) == 0:
		return errors.New("it has no events, so it would never be called")
	case len(h.Secrets) == 0:
		return errors.New("it has no secret, so nobody could tell its requests from those of strangers")
	case slices.ContainsFunc(h.Secrets, func(s webhook.Secret) bool { return !s.CanSign() }):
		return errors.New("one of its secrets is a public key, which can't sign")
	}
	for _, k := range h.Kinds {
		if types[k] == "" {
			return fmt.Errorf("there is no event %q", k)
		}
	}
	if h.DeadLetter != "" && h.wants(Message, h.DeadLetter.Pattern()) {
		return fmt.Errorf("its dead letters go to %q, whose messages it is told: what can't be told would never end", h.DeadLetter)
	}
	return nil
}

// ParseURL reads the address of a hook. The error does not repeat it, because it may hold a password.
func ParseURL(address string, allowPrivate bool) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("the address is no URL; write https://HOST/PATH")
	case u.Fragment != "":
		return nil, errors.New("the address has a fragment (#), which is never sent; remove it")
	case u.Scheme == "http" && !allowPrivate:
		return nil, errors.New("the address is not https; use https, or allow_private for a backend on this machine or in a private network")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the address is neither https nor http; write https://HOST/PATH")
	case !allowPrivate && net.ParseIP(u.Hostname()) != nil:
		return u, checkPublic(u.Hostname())
	}
	return u, nil
}

// wants tells whether the hook is asked or told of something in any channel that p selects; p is not looked
// at for what is not about channels.
func (h *Hook) wants(k Kind, p channel.Pattern) bool {
	if !slices.Contains(h.Kinds, k) {
		return false
	}
	if !k.ofChannels() || len(h.Channels) == 0 {
		return true
	}
	return slices.ContainsFunc(h.Channels, func(own channel.Pattern) bool { return own.Overlaps(p) })
}

// hasAll tells whether the hook is for every channel that p selects.
func (h *Hook) hasAll(p channel.Pattern) bool {
	return len(h.Channels) == 0 || slices.ContainsFunc(h.Channels, func(own channel.Pattern) bool { return own.Covers(p) })
}

// tells tells whether the hook is told of anything.
func (h *Hook) tells() bool {
	return slices.ContainsFunc(h.Kinds, func(k Kind) bool { return !k.asked() })
}
