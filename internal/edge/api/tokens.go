package api

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/internal/auth"
)

type tokenRequest struct {
	User      string            `json:"user"`
	Channels  map[string]string `json:"channels"`   // what it lets do: letters by pattern
	Info      jsontext.Value    `json:"info"`       // what others see of the user
	ExpiresIn int64             `json:"expires_in"` // seconds
	ID        string            `json:"id"`         // to revoke it by; a random one if it is not there
}

type madeToken struct {
	Token   string    `json:"token"`
	ID      string    `json:"id"`
	Expires time.Time `json:"expires"`
}

const (
	usualLifetime = time.Hour
	maxLifetime   = 10 * 365 * 24 * time.Hour // the configuration has a shorter one, mostly
)

// makeToken makes a token for a user. An API key gives nothing that it does not have itself.
func (h *Handler) makeToken(c *call) (any, error) {
	r, err := decode[tokenRequest](c)
	if err != nil {
		return nil, err
	}
	if !h.signer.Signs() {
		return nil, refusal("cannot_sign", http.StatusConflict, "the server has no key to sign tokens with, only public ones; configure a secret or a private key (auth.secret, auth.keys), or sign them where the private key is")
	}
	lasts := usualLifetime
	if r.ExpiresIn != 0 {
		lasts = time.Duration(min(max(r.ExpiresIn, -1), int64(maxLifetime.Seconds()))) * time.Second
	}
	if lasts <= 0 {
		return nil, badRequest("expires_in is a number of seconds from 1 on")
	}
	now := time.Now()
	claims := h.signer.Complete(auth.Claims{User: r.User, Channels: r.Channels, Info: r.Info, TokenID: r.ID, Issued: now, Expires: now.Add(lasts)})
	token, err := h.signer.Sign(claims)
	if err != nil {
		return nil, refusal("invalid_token", http.StatusUnprocessableEntity, "%w", err)
	}
	who, err := h.door.Auth.Authenticate(c.ctx, auth.Credentials{Token: token})
	if err != nil {
		return nil, refusal("invalid_token", http.StatusUnprocessableEntity, "the server would refuse such a token: %w", err)
	}
	if p, ok := c.client.Who().Grants.Covers(who.Grants); !ok {
		return nil, refusal("not_permitted", http.StatusForbidden, "a token may not let do what the API key that asks for it may not do itself: %s", p)
	}
	return &madeToken{token, claims.TokenID, claims.Expires.UTC().Truncate(time.Second)}, nil
}
