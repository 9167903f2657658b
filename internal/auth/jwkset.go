package auth

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxSetKeys bounds the keys of one URL.
const maxSetKeys = 64

// keySet is what was fetched from a JWKS URL.
type keySet struct {
	keys    []Key
	ignored []string      // why some are not among them
	fresh   time.Duration // for how long not to ask again
}

// parseKeySet reads a JWK Set (RFC 7517 section 5). A key that is of no use here is left out, because
// others may use it; a set without any that is of use is an error, so that it does not replace a good one.
func parseKeySet(text []byte) (keySet, error) {
	var document struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return keySet{}, fmt.Errorf("the answer is no set of keys: %s", problemOf(err))
	}
	if len(document.Keys) > maxSetKeys {
		return keySet{}, fmt.Errorf("the answer has %d keys, and may have %d", len(document.Keys), maxSetKeys)
	}
	var set keySet
	for i, one := range document.Keys {
		k, err := parseJWK(one)
		if err != nil {
			set.ignored = append(set.ignored, fmt.Sprintf("key %d of %d: %v", i+1, len(document.Keys), err))
			continue
		}
		set.keys = append(set.keys, k)
	}
	if len(set.keys) == 0 {
		return set, errors.New("the answer has no key that tokens could be checked with")
	}
	return set, nil
}

// parseJWK reads one public key for signatures.
func parseJWK(text jsontext.Value) (Key, error) {
	var j jose.JSONWebKey
	if err := j.UnmarshalJSON(text); err != nil {
		return Key{}, errors.New("it is of a kind that is not supported, or broken") // the reason may repeat the key
	}
	switch {
	case !j.IsPublic():
		return Key{}, errors.New("it is a secret or a private key, which does not belong there")
	case j.Use != "" && j.Use != "sig":
		return Key{}, fmt.Errorf("its use is %s and not signatures", quote(j.Use))
	}
	k, err := NewPublicKey(j.KeyID, j.Key)
	if err != nil {
		return Key{}, err
	}
	// RFC 9864 names Ed25519 for itself.
	if stated := Algorithm(j.Algorithm); stated != "" && stated != k.algorithm && !(stated == "Ed25519" && k.algorithm == EdDSA) {
		return Key{}, fmt.Errorf("it is for %s, which is not supported", quote(j.Algorithm))
	}
	return k, nil
}
