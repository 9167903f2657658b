package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// apiKeyPrefix begins every API key, so that people and scanners of source code recognize one.
const apiKeyPrefix = "hfk_"

const (
	apiKeyIDBytes     = 5  // 8 characters
	apiKeySecretBytes = 32 // 52 characters
)

// plain32 is base32 in lower case: one word for a double click, and without characters that mean anything.
var plain32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// APIKey is what a server knows of an API key: not the key, but a hash.
//
// One round of SHA-256 without a salt is right here. Slow hashes are for passwords, which can be guessed;
// the secret is 256 random bits, and to find one that fits a hash is no easier than to find the secret.
type APIKey struct {
	id     string
	hash   [sha256.Size]byte // of the whole key
	name   string
	grants Grants
	manage bool
}

// NewAPIKey makes a key, and returns what a client has to show and what a server has to know: its public id
// and its hash.
func NewAPIKey() (key, id, hash string) {
	random := make([]byte, apiKeyIDBytes+apiKeySecretBytes)
	rand.Read(random) // never fails
	id = plain32.EncodeToString(random[:apiKeyIDBytes])
	key = apiKeyPrefix + id + "_" + plain32.EncodeToString(random[apiKeyIDBytes:])
	_, hash = describeAPIKey(key)
	return key, id, hash
}

// describeAPIKey returns what a server has to know of a key. That of a text that is no key has no id.
func describeAPIKey(key string) (id, hash string) {
	if len(key) == apiKeyBytes && strings.HasPrefix(key, apiKeyPrefix) {
		id, _, _ = strings.Cut(strings.TrimPrefix(key, apiKeyPrefix), "_")
	}
	sum := sha256.Sum256([]byte(key))
	return id, hex.EncodeToString(sum[:])
}

// ParseAPIKey returns the API key with a name for logs, from what NewAPIKey has returned: with grants, and maybe for
// looking after the server, as Identity.Manage says.
func ParseAPIKey(name, id, hash string, grants map[string]string, manage bool) (APIKey, error) {
	if raw, err := plain32.DecodeString(id); err != nil || len(raw) != apiKeyIDBytes {
		return APIKey{}, fmt.Errorf("the id %s is none of an API key; take the one that was printed with the key", quote(id))
	}
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != sha256.Size {
		return APIKey{}, errors.New("the hash is none of SHA-256, which has 64 hexadecimal digits; take the one that was printed with the key")
	}
	g, err := NewGrants(grants, "")
	if err != nil {
		return APIKey{}, err
	}
	return APIKey{id: id, hash: [sha256.Size]byte(sum), name: name, grants: g, manage: manage}, nil
}

// checkAPIKey returns the server that a key belongs to.
func (a *Authenticator) checkAPIKey(key string) (*Identity, error) {
	if len(key) != apiKeyBytes {
		return nil, refuse(CheckAPIKey, "the API key is incomplete, or none; send the whole key, which begins with %s", apiKeyPrefix)
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(key, apiKeyPrefix), "_")
	sum := sha256.Sum256([]byte(key))
	known := a.apiKeys[id] // the zero value has a hash that no key has
	if subtle.ConstantTimeCompare(sum[:], known.hash[:]) != 1 {
		return nil, refuse(CheckAPIKey, "the API key is not known to this server; use one that is in its configuration").
			because("its id is %s", quote(id))
	}
	return &Identity{Server: true, Manage: known.manage, Grants: known.grants, TokenID: known.tokenID(), By: "API key " + quote(known.name)}, nil
}

// tokenID returns what the key can be revoked by: its public part.
func (k *APIKey) tokenID() string { return apiKeyPrefix + k.id }

// apiKeyBytes is the length of a key.
var apiKeyBytes = len(apiKeyPrefix) + plain32.EncodedLen(apiKeyIDBytes) + len("_") + plain32.EncodedLen(apiKeySecretBytes)
