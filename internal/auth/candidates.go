package auth

import (
	"context"
	"time"
)

// has tells whether a key still counts: it is in the configuration, or in what was fetched last.
func (a *Authenticator) has(key *Key) bool {
	among := func(keys []Key) bool {
		for i := range keys {
			if &keys[i] == key {
				return true
			}
		}
		return false
	}
	if among(a.keys) {
		return true
	}
	now := time.Now()
	for _, s := range a.sources {
		if keys, _ := s.keys(now); among(keys) {
			return true
		}
	}
	return false
}

// signer returns the key that has signed the token.
func (a *Authenticator) signer(ctx context.Context, t *token) (*Key, error) {
	found := a.candidates(&t.header)
	key := found.signer(t)
	if key == nil && !found.named && t.header.KeyID != "" && len(a.sources) > 0 {
		if err := a.renew(ctx); err != nil {
			return nil, err
		}
		found = a.candidates(&t.header)
		key = found.signer(t)
	}
	switch {
	case key != nil:
		return key, nil
	case len(found.keys) > 0:
		return nil, refuse(CheckSignature, "the token's signature is not good: it was changed, or signed with another key; get another token").
			because("tried %d of %d keys of %s for the kid %s", min(len(found.keys), maxTries), len(found.keys), t.header.Algorithm, quote(t.header.KeyID))
	case found.missing != "":
		return nil, noKeys().because("there are no keys from %s", found.missing)
	}
	return nil, refuse(CheckKey, "the token was signed with a key that this server does not know; get another token").
		because("there is no key of %s with the kid %s", t.header.Algorithm, quote(t.header.KeyID))
}

// candidates are the keys that may have signed a token.
type candidates struct {
	keys    []*Key
	named   bool   // they have the token's kid
	missing string // a source that has none to offer at present
}

// candidates returns the keys of a token's algorithm with its kid; or, if the one or the others have none,
// those without.
func (a *Authenticator) candidates(h *header) candidates {
	var named, nameless []*Key
	collect := func(keys []Key) {
		for i := range keys {
			switch k := &keys[i]; {
			case k.algorithm != h.Algorithm:
			case k.id != "" && k.id == h.KeyID:
				named = append(named, k)
			case k.id == "" || h.KeyID == "":
				nameless = append(nameless, k)
			}
		}
	}
	var found candidates
	collect(a.keys)
	now := time.Now()
	for _, s := range a.sources {
		keys, ok := s.keys(now)
		if !ok {
			found.missing = s.name
		}
		collect(keys)
	}
	found.keys = nameless
	if len(named) > 0 {
		found.keys, found.named = named, true
	}
	return found
}

// maxTries bounds the keys that one token is checked with: each costs up to a tenth of a millisecond.
const maxTries = 8

// signer returns the one that has signed the token, or nil.
func (c *candidates) signer(t *token) *Key {
	for _, k := range c.keys[:min(len(c.keys), maxTries)] {
		if k.verifies(t) {
			return k
		}
	}
	return nil
}

// renew has all sources look for new keys, unless they have just done so.
func (a *Authenticator) renew(ctx context.Context) error {
	for _, s := range a.sources { // all at once
		s.ask()
	}
	for _, s := range a.sources {
		if err := s.await(ctx); err != nil {
			return noKeys().because("%v", err)
		}
	}
	return nil
}

func noKeys() *Error {
	return &Error{
		Code: Unavailable, Check: CheckKeysKnown,
		Message: "the keys that tokens are checked with can't be had at present; try again later",
	}
}
