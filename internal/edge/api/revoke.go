package api

import (
	"errors"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
)

type revokeRequest struct {
	User    string    `json:"user"`        // all its tokens that were issued until now
	Token   string    `json:"token"`       // by its id (jti), or that of an API key
	Session string    `json:"session"`     // and whoever would resume it
	Until   time.Time `json:"until"`       // when it may be forgotten
	For     int64     `json:"for_seconds"` // the same, from now on
}

type revoked struct {
	Revoked bool      `json:"revoked"`
	Until   time.Time `json:"until,omitzero"` // zero for as long as any token can count
}

// revoke takes back what was given, on all nodes. Whoever it concerns is disconnected at once.
func (h *Handler) revoke(c *call) (any, error) {
	r, err := decode[revokeRequest](c)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, err
	}
	if r.For > 0 {
		r.Until = time.Now().Add(time.Duration(r.For) * time.Second)
	}
	err = h.config.Revocations.Revoke(c.ctx, auth.Revocation{User: r.User, TokenID: r.Token, Session: r.Session, Until: r.Until})
	if errors.Is(err, auth.ErrManyRevoked) {
		return nil, refusal("too_many", http.StatusInsufficientStorage, "%w", err)
	}
	if err != nil {
		return nil, err
	}
	return &revoked{true, r.Until}, nil
}

// maxForSeconds is a hundred years.
const maxForSeconds = 100 * 365 * 24 * 60 * 60

// check refuses what nobody can have meant.
func (r *revokeRequest) check() error {
	named := 0
	for _, name := range []string{r.User, r.Token, r.Session} {
		if name != "" {
			named++
		}
	}
	switch {
	case named != 1:
		return badRequest("the tokens of a user, one token or a session are revoked; name exactly one")
	case max(len(r.User), len(r.Token), len(r.Session)) > auth.MaxUserBytes:
		return badRequest("the name has more than %d bytes, and there is none so long", auth.MaxUserBytes)
	case r.For != 0 && !r.Until.IsZero():
		return badRequest("until and for_seconds say the same; leave one out")
	case r.For < 0 || r.For > maxForSeconds || !r.Until.IsZero() && r.Until.Before(time.Now()):
		return badRequest("that is over already, or never; write a time to come, or leave it out for as long as any token can count")
	}
	return nil
}
