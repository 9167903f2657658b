package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"time"
)

// Auth says who vouches for clients.
type Auth struct {
	Secret          Secret        `key:"secret" doc:"A secret of at least 32 bytes that tokens are signed with (HS256). Better than in a file it is in the variable, or in auth.keys as a file of its own."`
	Keys            []TokenKey    `key:"keys" of:"keys" doc:"The keys that tokens are signed with. Of several, a token says with its kid which one it is, or they are tried in turn."`
	JWKS            []string      `key:"jwks" doc:"URLs of more such keys (RFC 7517), as login services have: https, or http on this machine. They are fetched again when they get old, or when a token names a new one. They need auth.audiences."`
	Issuers         []string      `key:"issuers" doc:"Whose tokens count: what iss may say. Empty is anybody who has a key."`
	Audiences       []string      `key:"audiences" doc:"For whom tokens are: what aud may say, or have among others. Empty is anybody."`
	Leeway          time.Duration `key:"leeway" default:"30s" least:"0s" most:"10m" doc:"How wrong the clocks of issuers may be."`
	MaxLifetime     time.Duration `key:"max_lifetime" default:"24h" least:"0s" doc:"For how long a token may count, from iat to exp; 0s for no bound. For as long it is remembered what has been revoked."`
	RequireExpiry   bool          `key:"require_expiry" default:"true" doc:"Whether tokens must expire."`
	Cookie          string        `key:"cookie" doc:"The name of a cookie that has the token, for pages of this server's own origin. Empty is none."`
	AllowQueryToken bool          `key:"allow_query_token" default:"false" doc:"Whether a token may be in the URL, as ?token= or ?access_token=, where proxies and browsers keep it."`
	CertificateName string        `key:"certificate_name" default:"none" values:"none uri dns email cn" doc:"Which name in a client's certificate says who the client is: none, the URI, the DNS name or the email address among its alternative names, or its common name. It needs tls.client_auth."`
	APIKeys         []APIKey      `key:"api_keys" of:"API keys" doc:"What servers come in with. Make one with holdfast token create --api-key, which prints what to write here."`
}

// TokenKey is a key that tokens are signed with.
type TokenKey struct {
	File      string `key:"file" doc:"A file with a public key, a certificate or a private key in PEM, or for HS256 with the secret alone."`
	Algorithm string `key:"algorithm" values:"HS256 RS256 ES256 EdDSA" doc:"How tokens are signed with it. A key in PEM tells that itself; for a secret, HS256 must be written."`
	ID        string `key:"id" doc:"The kid of its tokens. Empty lets it be tried for every token."`

	Place Place `key:"-"` // where it is written
}

// APIKey is what the server knows of an API key.
type APIKey struct {
	Name     string   `key:"name" doc:"What to call who has it, in logs."`
	ID       string   `key:"id" doc:"The public part of the key, behind hfk_."`
	SHA256   string   `key:"sha256" doc:"The hash of the whole key."`
	Channels []string `key:"channels" doc:"What it may do, as in chat/#=rw: r is subscribe and history, w publish, p presence, h history alone."`
	Manage   bool     `key:"manage" default:"false" doc:"Whether it may look after the server by the server API: list channels and connections, disconnect, revoke, make tokens, purge histories; see api.md."`

	Place Place `key:"-"` // where it is written
}

// Secret is a text that is not printed.
type Secret string

// String says that there is one, or nothing.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

const (
	minSecretBytes = 32 // as RFC 7518 section 3.2 wants it for HS256
	maxTokenKeys   = 64
	maxAPIKeys     = 10_000
)

// cookieName is that of RFC 6265, a token of HTTP.
var cookieName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")

func (a *Auth) settle(d *decoder) {
	if n := len(a.Secret); n > 0 && n < minSecretBytes {
		d.wrong("auth.secret", "auth.secret: it has %d bytes, and needs at least %d; make one with: openssl rand -base64 48", n, minSecretBytes)
	}
	if len(a.Keys) > maxTokenKeys {
		d.wrong("auth.keys", "auth.keys: there are %d, and there may be %d; use auth.jwks", len(a.Keys), maxTokenKeys)
	}
	for i, k := range a.Keys {
		if k.File == "" {
			path := fmt.Sprintf("auth.keys[%d]", i)
			d.wrong(path, "%s has no file; say where the key is", path)
		}
	}
	for i, address := range a.JWKS {
		if err := checkKeyURL(address); err != nil {
			d.wrong(fmt.Sprintf("auth.jwks[%d]", i), "auth.jwks: %v", err)
		}
	}
	if len(a.JWKS) > 0 && len(a.Audiences) == 0 {
		d.wrong("auth.jwks", "auth.jwks needs auth.audiences: a login service signs tokens for others with the same keys; write what aud says in those for this server")
	}
	if a.Cookie != "" && !cookieName.MatchString(a.Cookie) {
		d.wrong("auth.cookie", "auth.cookie: %q can't be the name of a cookie; use letters, digits, - and _", a.Cookie)
	}
	a.settleAPIKeys(d)
}

func (a *Auth) settleAPIKeys(d *decoder) {
	if len(a.APIKeys) > maxAPIKeys {
		d.wrong("auth.api_keys", "auth.api_keys: there are %d, and there may be %d", len(a.APIKeys), maxAPIKeys)
	}
	seen := map[string]bool{}
	for i, k := range a.APIKeys {
		path := fmt.Sprintf("auth.api_keys[%d]", i)
		switch {
		case k.Name == "" || k.ID == "" || k.SHA256 == "":
			d.wrong(path, "%s lacks its name, id or sha256; write the line that holdfast token create --api-key has printed", path)
		case len(k.Channels) == 0 && !k.Manage:
			d.wrong(path, `%s has no channels, so it can do nothing; write what it may do, as in [chat/#=rw], or manage: true`, path)
		case seen[k.ID]:
			d.wrong(path, "%s has the id of another one; remove one of them", path)
		}
		seen[k.ID] = true
	}
}

// checkKeyURL refuses to take keys from where anybody on the way could put others. The URL is not
// repeated, because it may hold a password.
func checkKeyURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errors.New("it is no URL; write https://HOST/PATH")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback()):
		return nil
	}
	return errors.New("it is not https; use https, or http for this machine alone")
}
