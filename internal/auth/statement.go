package auth

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Statement is what a token says, whether it is true or not.
type Statement struct {
	Algorithm Algorithm      `json:"algorithm"`
	KeyID     string         `json:"key_id"`
	Claims    jsontext.Value `json:"claims"`
}

// Read takes a token apart without checking what it says, to show it to whoever has it. Nobody may be let
// in for what is returned. The error is an [*Error] about a token that is none.
func Read(s string) (Statement, error) {
	t, err := parseToken(s)
	if err != nil {
		return Statement{}, err
	}
	claims := jsontext.Value(t.payload)
	if !claims.IsValid() {
		return Statement{}, refuse(CheckClaims, "the token's claims are not JSON, or have a name twice; get another token")
	}
	return Statement{Algorithm: t.header.Algorithm, KeyID: t.header.KeyID, Claims: claims}, nil
}

// IsAPIKey tells whether s, which may be a token, means to be an API key.
func IsAPIKey(s string) bool { return strings.HasPrefix(s, apiKeyPrefix) }
