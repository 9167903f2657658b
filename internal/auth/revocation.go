package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
)

// Revocation takes back what was given: by user, token or session, exactly one of them.
type Revocation struct {
	User    string `json:"user,omitempty"`    // all its tokens that were issued before IssuedBefore
	TokenID string `json:"token,omitempty"`   // as in Identity.TokenID
	Session string `json:"session,omitempty"` // and whoever would resume it

	// IssuedBefore is for users alone. Tokens that do not say when they were issued count as old ones. As
	// iat is mostly in whole seconds, so may be one that is issued in the second of the revocation.
	IssuedBefore time.Time `json:"issued_before,omitzero"`
	// Until is when all that is taken back would have expired anyway; zero for never.
	Until time.Time `json:"until,omitzero"`
}

const maxSessionBytes = 64

// check refuses what nobody can have meant.
func (r *Revocation) check() error {
	given := 0
	for _, name := range []string{r.User, r.TokenID, r.Session} {
		if name != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return errors.New("a revocation is of one user, one token or one session; name exactly one")
	case len(r.User) > MaxUserBytes, len(r.TokenID) > maxTokenIDBytes, len(r.Session) > maxSessionBytes:
		return errors.New("the name in the revocation is longer than any that there is; correct it")
	case r.User == "" && !r.IssuedBefore.IsZero():
		return errors.New("a time of issue is for the revocation of a user; leave it out")
	}
	return nil
}

// key returns what the revocation is stored by: a later one with the same key takes its place.
func (r *Revocation) key() string {
	switch {
	case r.User != "":
		return "user " + r.User
	case r.TokenID != "":
		return "token " + r.TokenID
	}
	return "session " + r.Session
}

// Hits tells whether a client is concerned: its identity, or its session, which may be "".
func (r *Revocation) Hits(id *Identity, session string, now time.Time) bool {
	switch {
	case r.over(now):
		return false
	case r.User != "":
		return r.User == id.User && id.Issued.Before(r.IssuedBefore)
	case r.TokenID != "":
		return r.TokenID == id.TokenID
	}
	return r.Session == session
}

func (r *Revocation) over(now time.Time) bool { return !r.Until.IsZero() && !now.Before(r.Until) }

// merge returns what two revocations of the same take back together. The order does not matter, nor how
// often one is merged in, so that they can be replayed from a log.
func (r Revocation) merge(other Revocation) Revocation {
	if other.IssuedBefore.After(r.IssuedBefore) {
		r.IssuedBefore = other.IssuedBefore
	}
	if other.Until.IsZero() || !r.Until.IsZero() && other.Until.After(r.Until) {
		r.Until = other.Until
	}
	return r
}

func (r *Revocation) equal(other *Revocation) bool {
	return r.key() == other.key() && r.IssuedBefore.Equal(other.IssuedBefore) && r.Until.Equal(other.Until)
}

func (r *Revocation) encode() ([]byte, error) { return json.Marshal(r) }

func decodeRevocation(value []byte) (Revocation, error) {
	var r Revocation
	if err := json.Unmarshal(value, &r, json.RejectUnknownMembers(true)); err != nil {
		return r, fmt.Errorf("it can't be understood: %s", problemOf(err))
	}
	return r, r.check()
}
