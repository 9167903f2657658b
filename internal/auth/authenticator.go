package auth

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"sync"
	"time"
)

// Config says who vouches for clients.
type Config struct {
	Keys []Key    // that tokens are signed with
	JWKS []string // URLs of more: https, or http on this machine

	Issuers     []string      // the iss of tokens has to be one of them; none for any
	Audiences   []string      // likewise one of aud
	Leeway      time.Duration // how wrong the clocks of issuers may be; added to exp
	MaxLifetime time.Duration // from iat to exp; 0 for no bound
	MayLast     bool          // tokens may be without exp

	APIKeys []APIKey

	Revoked *Revocations // nil for none
	Log     *slog.Logger // of what goes wrong with JWKS; nil for none
}

// Keep returns for how long a revocation has to be remembered: until nothing that counts now can count any
// more. 0 is for ever.
func (c *Config) Keep() time.Duration {
	if c.MaxLifetime == 0 || c.MayLast {
		return 0
	}
	return c.MaxLifetime + 2*c.Leeway // iat may be ahead by as much as exp is behind
}

// Authenticator checks credentials. Its methods may be called from any goroutine. It has a goroutine for
// each JWKS URL: call Close to end them.
type Authenticator struct {
	keys    []Key
	sources []*keySource
	apiKeys map[string]APIKey // by id
	demands demands
	revoked *Revocations
	cache   *cache

	running sync.WaitGroup // the goroutine of each source
	stop    context.CancelFunc
}

// New returns an authenticator. It fetches keys from the URLs, each for at most five seconds; where that
// fails it says so in the log and tries again, because the server should start while others are down.
// The error is about the configuration, or that of ctx.
func New(ctx context.Context, c Config) (*Authenticator, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	a := &Authenticator{
		keys:    c.Keys,
		apiKeys: make(map[string]APIKey, len(c.APIKeys)),
		demands: demands{c.Issuers, c.Audiences, c.Leeway, c.MaxLifetime, c.MayLast},
		revoked: c.Revoked,
		cache:   newCache(),
	}
	for _, k := range c.APIKeys {
		a.apiKeys[k.id] = k
	}
	for _, url := range c.JWKS {
		source, err := newKeySource(url, c.Log)
		if err != nil {
			return nil, err
		}
		a.sources = append(a.sources, source)
	}
	var work context.Context // of the sources, which go on when ctx ends
	work, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	for _, s := range a.sources {
		a.running.Go(func() { s.run(work) })
	}
	for _, s := range a.sources {
		if err := s.await(ctx); err != nil {
			a.Close()
			return nil, err
		}
	}
	return a, nil
}

// Close ends the goroutines and waits for them. Credentials that need no new key can still be checked.
func (a *Authenticator) Close() {
	a.stop()
	a.running.Wait()
}

// Authenticate returns who shows the credentials; nobody in particular, if there are none. Credentials that
// are not good are never taken for none. The error is an [*Error]. ctx bounds the wait for a key that is not
// known yet, which is five seconds at most.
func (a *Authenticator) Authenticate(ctx context.Context, c Credentials) (Identity, error) {
	var id *Identity
	var err error
	switch {
	case c.Token != "" && c.APIKey != "":
		err = refuse(CheckCredentials, "there is a token, and an API key as well; send one of them")
	case c.APIKey != "":
		id, err = a.checkAPIKey(c.APIKey)
	case IsAPIKey(c.Token):
		id, err = a.checkAPIKey(c.Token)
	case c.Token != "":
		id, err = a.checkToken(ctx, c.Token)
	case c.Certificate != "":
		id, err = fromCertificate(c.Certificate)
	default:
		return Identity{}, nil
	}
	if err != nil {
		return Identity{}, err
	}
	if a.revoked != nil && a.revoked.Revoked(id, "") {
		return Identity{}, refuse(CheckRevoked, "the %s has been revoked; get another one", id.kind())
	}
	return *id, nil
}

// Checks tells whether a token is for a to check: an API key, or a JSON Web Token if there are keys that could have signed
// one, good or not. Any other may mean something to somebody else.
func (a *Authenticator) Checks(token string) bool {
	if IsAPIKey(token) || len(token) > MaxTokenBytes {
		return true
	}
	return len(a.keys)+len(a.sources) > 0 && looksLikeJWT(token)
}

// kind returns what vouches for the client, in words.
func (id *Identity) kind() string {
	switch {
	case id.Server:
		return "API key"
	case id.TokenID == "":
		return "certificate"
	}
	return "token"
}

// fromCertificate returns who has a certificate. Its name was taken from it by a rule of the server's.
func fromCertificate(name string) (*Identity, error) {
	c := claims{Subject: name}
	if err := c.checkUser(); err != nil {
		return nil, refuse(CheckUser, "the certificate's name has a control character, or is longer than %d bytes; get another certificate", MaxUserBytes)
	}
	return &Identity{User: name, By: "certificate"}, nil
}

// checkToken returns who a token is for.
func (a *Authenticator) checkToken(ctx context.Context, s string) (*Identity, error) {
	if len(s) > MaxTokenBytes {
		return nil, tooLong(s)
	}
	sum := sha256.Sum256([]byte(s))
	if known, ok := a.cache.get(sum, time.Now()); ok && a.has(known.key) {
		return known.id, nil
	}
	t, err := parseToken(s)
	if err != nil {
		return nil, err
	}
	key, err := a.signer(ctx, t)
	if err != nil {
		return nil, err
	}
	id, err := t.identify(&a.demands, time.Now())
	if err != nil {
		return nil, err
	}
	id.By = key.name
	a.cache.put(sum, accepted{id, key})
	return id, nil
}
