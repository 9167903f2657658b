package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// claims are what a token says (RFC 7519 section 4.1, and two of our own). Others are not looked at.
type claims struct {
	Issuer    string         `json:"iss"`
	Subject   string         `json:"sub"`
	Audience  jsontext.Value `json:"aud"`
	Expires   *float64       `json:"exp"`
	NotBefore *float64       `json:"nbf"`
	Issued    *float64       `json:"iat"`
	ID        string         `json:"jti"`
	Channels  jsontext.Value `json:"channels"`
	Info      jsontext.Value `json:"info"`
}

const (
	maxTokenIDBytes = 256
	lastSecond      = 253402300799 // of the year 9999, the last that has a name in RFC 3339
)

// demands are what claims have to say.
type demands struct {
	issuers, audiences []string // one of them; none asks for nothing
	leeway             time.Duration
	maxLifetime        time.Duration // 0 for no bound
	mayLast            bool          // without exp, for ever
}

// identify returns who a token is for, at a moment. Its signature has been checked, so what is wrong
// with it may be told to whoever has it.
func (t *token) identify(d *demands, now time.Time) (*Identity, error) {
	var c claims
	if err := json.Unmarshal(t.payload, &c); err != nil {
		return nil, refuse(CheckClaims, "the token's claims can't be understood: %s; get another token", problemOf(err))
	}
	if err := c.checkOrigin(d); err != nil {
		return nil, err
	}
	id := &Identity{User: c.Subject, TokenID: c.ID}
	if err := c.checkTimes(d, now, id); err != nil {
		return nil, err
	}
	if err := c.checkUser(); err != nil {
		return nil, err
	}
	if len(c.ID) > maxTokenIDBytes {
		return nil, refuse(CheckClaims, "the token's jti has %d bytes, and may have %d; get another token", len(c.ID), maxTokenIDBytes)
	}
	if c.ID == "" {
		// Not of the signature: of one statement there can be many with ES256, by anybody.
		sum := sha256.Sum256([]byte(t.signed))
		id.TokenID = "sha256:" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return id, c.describe(id)
}

// checkOrigin checks who has issued the token, and for whom.
func (c *claims) checkOrigin(d *demands) error {
	if len(d.issuers) > 0 && !slices.Contains(d.issuers, c.Issuer) {
		return refuse(CheckIssuer, "the token is from another issuer (iss); get one from the issuer that this server trusts").
			because("iss is %s, and has to be one of %q", quote(c.Issuer), d.issuers)
	}
	if len(d.audiences) == 0 {
		return nil
	}
	audiences, err := c.audiences()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(d.audiences, a) }) {
		return refuse(CheckAudience, "the token is for another audience (aud); get one for this server").
			because("aud is %s, and has to have one of %q", quote(strings.Join(audiences, " ")), d.audiences)
	}
	return nil
}

// audiences returns aud, which is a text or a list of them.
func (c *claims) audiences() ([]string, error) {
	switch c.Audience.Kind() {
	case 0:
		return nil, nil
	case '"':
		return []string{textOf(c.Audience)}, nil
	}
	var list []string
	if err := json.Unmarshal(c.Audience, &list); err != nil {
		return nil, refuse(CheckClaims, "the token's aud is neither a text nor a list of them; get another token")
	}
	return list, nil
}

// checkTimes checks whether the token counts now, and notes since when and how long.
func (c *claims) checkTimes(d *demands, now time.Time, id *Identity) error {
	for _, instant := range []*float64{c.Expires, c.NotBefore, c.Issued} {
		if instant != nil && (*instant < 0 || *instant > lastSecond) {
			return refuse(CheckClaims, "the token has a time (exp, nbf or iat) that is none; write seconds since 1970")
		}
	}
	switch {
	case c.Expires != nil:
		id.Expires = instant(*c.Expires).Add(d.leeway)
		if !now.Before(id.Expires) {
			err := refuse(CheckExpiry, "the token expired at %s; get a new one", stamp(*c.Expires))
			err.Code = TokenExpired
			return err
		}
	case !d.mayLast:
		return refuse(CheckExpiry, "the token never expires; get one with exp")
	}
	if c.NotBefore != nil && now.Add(d.leeway).Before(instant(*c.NotBefore)) {
		return refuse(CheckNotBefore, "the token counts only from %s on (nbf); wait, or set the clock of its issuer", stamp(*c.NotBefore))
	}
	if c.Issued != nil {
		id.Issued = instant(*c.Issued)
		if now.Add(d.leeway).Before(id.Issued) {
			return refuse(CheckIssued, "the token was issued in the future, at %s (iat); set the clock of its issuer", stamp(*c.Issued))
		}
	}
	return c.checkLifetime(d)
}

// checkLifetime bounds how long the token counts from its issue on. Without that moment there would
// be no telling when it can be forgotten that a token has been revoked.
func (c *claims) checkLifetime(d *demands) error {
	switch {
	case d.maxLifetime == 0 || c.Expires == nil:
		return nil
	case c.Issued == nil:
		return refuse(CheckLifetime, "the token does not say when it was issued (iat); get one that does")
	}
	if lifetime := instant(*c.Expires).Sub(instant(*c.Issued)); lifetime > d.maxLifetime {
		return refuse(CheckLifetime, "the token counts for %s (from iat to exp), and may count for %s; get one for a shorter time", lifetime, d.maxLifetime)
	}
	return nil
}

// checkUser keeps names out that would be none anywhere else.
func (c *claims) checkUser() error {
	switch {
	case c.Subject == "":
		return refuse(CheckUser, "the token names no user (sub); get one that does")
	case len(c.Subject) > MaxUserBytes:
		return refuse(CheckUser, "the user's name (sub) has %d bytes, and may have %d; use a shorter one", len(c.Subject), MaxUserBytes)
	case strings.ContainsFunc(c.Subject, isControl):
		return refuse(CheckUser, "the user's name (sub) has a control character; use a name without")
	}
	return nil
}

func isControl(r rune) bool { return r < 0x20 || 0x7f <= r && r <= 0x9f || r == utf8.RuneError }

// describe notes what the user may do, and what others see of it.
func (c *claims) describe(id *Identity) error {
	if c.Channels.Kind() != 0 {
		var claim map[string]string
		err := json.Unmarshal(c.Channels, &claim)
		if err != nil || claim == nil {
			return refuse(CheckChannels, `the token's channels are no object of texts; write it as {"chat/#":"rw"}`)
		}
		if id.Grants, err = NewGrants(claim, id.User); err != nil {
			return refuse(CheckChannels, "the token's channels: %v", err)
		}
	}
	switch c.Info.Kind() {
	case 0, 'n':
	case '"':
		id.Info = textOf(c.Info)
	default:
		if err := c.Info.Compact(); err != nil {
			return refuse(CheckInfo, "the token's info can't be understood; get another token")
		}
		id.Info = string(c.Info)
	}
	if len(id.Info) > MaxInfoBytes {
		return refuse(CheckInfo, "the token's info has %d bytes, and may have %d; put less into it", len(id.Info), MaxInfoBytes)
	}
	return nil
}

// textOf returns the text that a JSON string stands for.
func textOf(v jsontext.Value) string {
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		panic("auth: a value that was parsed is no string") // its kind says so
	}
	return string(text)
}

// instant returns seconds since 1970, which are within bounds, as a time.
func instant(seconds float64) time.Time {
	whole, rest := math.Modf(seconds)
	return time.Unix(int64(whole), int64(rest*1e9))
}

func stamp(seconds float64) string { return instant(seconds).UTC().Format(time.RFC3339) }
