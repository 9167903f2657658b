package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Claims are what a new token says.
type Claims struct {
	User      string            `json:"sub"`
	Channels  map[string]string `json:"channels,omitempty"` // as for NewGrants
	Info      jsontext.Value    `json:"info,omitempty"`
	Issuer    string            `json:"iss,omitempty"`
	Audience  string            `json:"aud,omitempty"`
	TokenID   string            `json:"jti,omitempty"`
	Issued    time.Time         `json:"iat,omitzero,format:unix"`
	NotBefore time.Time         `json:"nbf,omitzero,format:unix"`
	Expires   time.Time         `json:"exp,omitzero,format:unix"`
}

// Sign returns a token that says c, with times in whole seconds. It does not check whether a server would take it.
func (k Key) Sign(c Claims) (string, error) {
	if !k.CanSign() {
		return "", errors.New("the key is a public one, which can't sign; use the private key")
	}
	head, err := json.Marshal(struct {
		Algorithm Algorithm `json:"alg"`
		KeyID     string    `json:"kid,omitempty"`
		Type      string    `json:"typ"`
	}{k.algorithm, k.id, "JWT"})
	if err != nil {
		return "", fmt.Errorf("the token's header can't be written: %w", err)
	}
	for _, instant := range []*time.Time{&c.Issued, &c.NotBefore, &c.Expires} {
		*instant = instant.Truncate(time.Second) // others do not expect a fraction
	}
	body, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return "", errors.New("the token's claims can't be written: text is not UTF-8, or info is not JSON")
	}
	signed := strict.EncodeToString(head) + "." + strict.EncodeToString(body)
	signature, err := methods[k.algorithm].Sign(signed, k.sign)
	if err != nil {
		return "", errors.New("the key could not sign") // the reason could be about the key
	}
	return signed + "." + strict.EncodeToString(signature), nil
}
