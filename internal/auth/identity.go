package auth

import (
	"log/slog"
	"time"
)

// Identity is who a client is. The zero value is an anonymous client, which is nobody in particular and
// has no grants. In JSON it is short, because clients carry it around with their sessions.
type Identity struct {
	User   string `json:"u,omitempty"` // "" for an anonymous client, and for a server
	Server bool   `json:"s,omitempty"` // a backend, with an API key
	Manage bool   `json:"m,omitempty"` // that may look after the server: find clients, end and revoke them, make tokens

	Grants Grants `json:"g,omitzero"`  // what the token or the API key lets it do
	Info   string `json:"i,omitempty"` // what others may see beside the name: text or JSON, at most MaxInfoBytes

	// TokenID is what the token can be revoked by: its jti, or else a hash of what is signed in it. That
	// of an API key is its public part. "" without either.
	TokenID string    `json:"t,omitempty"`
	Issued  time.Time `json:"a,omitzero"`  // zero if nobody has said
	Expires time.Time `json:"e,omitzero"`  // when it counts no more: the token's exp and the leeway. Zero for never
	By      string    `json:"b,omitempty"` // what vouches for it, for logs: the name of a key, or "certificate"
}

// Anonymous tells whether nothing is known about the client.
func (id *Identity) Anonymous() bool { return id.User == "" && !id.Server }

// Credentials are what a client shows. At most one of them counts; with none it is anonymous.
type Credentials struct {
	Token       string // a JSON Web Token or an API key
	APIKey      string // an API key from where nothing else can be
	Certificate string // the name in a client certificate that has been verified; counts without the others
}

// String keeps credentials out of what is printed or logged.
func (Credentials) String() string { return "(credentials)" }

// GoString does the same for %#v.
func (c Credentials) GoString() string { return c.String() }

// LogValue does the same for logs in JSON.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.String()) }

const (
	MaxTokenBytes = 16 << 10 // of a token as it is sent
	MaxUserBytes  = 255      // of a user's name
	MaxInfoBytes  = 1 << 10  // of Identity.Info
)
