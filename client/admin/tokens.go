package admin

import (
	"context"
	"encoding/json"
	"time"
)

// Revocation takes back what was given: exactly one of User, Token and Session.
type Revocation struct {
	User    string    `json:"user,omitempty"`    // all tokens that were issued until now
	Token   string    `json:"token,omitempty"`   // by its id (jti), or an API key by its public part
	Session string    `json:"session,omitempty"` // and whoever would resume it
	Until   time.Time `json:"until,omitzero"`    // when it may be forgotten; zero for when all tokens have expired
}

// Revoke takes back what r says, on all nodes. Whoever it concerns is disconnected at once.
func (c *Client) Revoke(ctx context.Context, r Revocation) error {
	var answer struct{}
	return c.post(ctx, "/v1/revoke", r, &answer)
}

// TokenRequest says what a token is to be good for.
type TokenRequest struct {
	User     string
	Channels map[string]string // what it lets do: letters by pattern, as in {"chat/#": "rw"}
	Info     any               // what others see of the user, as JSON, at most 1 KiB; nil for nothing
	Lifetime time.Duration     // in whole seconds; 0 for an hour
	ID       string            // what it can be revoked by; "" for a random one
}

// Token is a token that the server takes.
type Token struct {
	Token   string    `json:"token"`
	ID      string    `json:"id"` // what it can be revoked by
	Expires time.Time `json:"expires"`
}

// MakeToken has the server make a token. It lets do nothing that the API key may not do itself.
func (c *Client) MakeToken(ctx context.Context, r TokenRequest) (Token, error) {
	body := struct {
		User      string            `json:"user"`
		Channels  map[string]string `json:"channels,omitempty"`
		Info      json.RawMessage   `json:"info,omitempty"`
		ExpiresIn int64             `json:"expires_in,omitempty"`
		ID        string            `json:"id,omitempty"`
	}{User: r.User, Channels: r.Channels, ExpiresIn: int64(r.Lifetime / time.Second), ID: r.ID}
	if r.Info != nil {
		info, err := json.Marshal(r.Info)
		if err != nil {
			return Token{}, err
		}
		body.Info = info
	}
	var t Token
	err := c.post(ctx, "/v1/tokens", body, &t)
	return t, err
}
