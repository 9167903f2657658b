package auth

import "crypto/rand"

// Signer makes tokens that a server takes which has the same configuration. The zero value makes none.
type Signer struct {
	key              Key
	issuer, audience string
}

// Signer returns what makes tokens with the first key that can sign.
func (c *Config) Signer() Signer {
	for _, k := range c.Keys {
		if k.CanSign() {
			return c.SignerWith(k)
		}
	}
	return Signer{}
}

// SignerWith returns what makes tokens with a key that is not of the configuration.
func (c *Config) SignerWith(k Key) Signer {
	s := Signer{key: k}
	if len(c.Issuers) > 0 {
		s.issuer = c.Issuers[0]
	}
	if len(c.Audiences) > 0 {
		s.audience = c.Audiences[0]
	}
	return s
}

// Signs tells whether it makes any.
func (s Signer) Signs() bool { return s.key.CanSign() }

// Complete adds to claims who issues the token, for whom it is, and an id, where they do not say.
func (s Signer) Complete(c Claims) Claims {
	if c.Issuer == "" {
		c.Issuer = s.issuer
	}
	if c.Audience == "" {
		c.Audience = s.audience
	}
	if c.TokenID == "" {
		c.TokenID = rand.Text()
	}
	return c
}

// Sign returns a token that says c, as [Key.Sign] does.
func (s Signer) Sign(c Claims) (string, error) { return s.key.Sign(c) }
