package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// How secrets begin, and what signatures made with them begin with.
const (
	sharedPrefix  = "whsec_" // HMAC-SHA256: both sides have the secret
	privatePrefix = "whsk_"  // Ed25519: the server has the private key
	publicPrefix  = "whpk_"  // and the backend the public one

	sharedVersion     = "v1,"
	asymmetricVersion = "v1a,"
)

const (
	minSecretBytes = 24 // as Standard Webhooks has them
	maxSecretBytes = 64
)

// Secret is what signatures are made or checked with. It is not printed.
type Secret struct {
	shared  []byte
	private ed25519.PrivateKey // nil if only the public key is known
	public  ed25519.PublicKey
}

// ParseSecret reads a secret: "whsec_" and 24 to 64 bytes in base64, which both sides have; "whsk_" and the 64
// bytes of an Ed25519 private key, to sign with; or "whpk_" and the 32 bytes of the public one, to check with.
// The error does not repeat the secret.
func ParseSecret(text string) (Secret, error) {
	prefix, encoded, found := strings.Cut(text, "_")
	prefix += "_"
	if !found || prefix != sharedPrefix && prefix != privatePrefix && prefix != publicPrefix {
		return Secret{}, errors.New("a secret begins with whsec_ (or whsk_ or whpk_); make one with: echo whsec_$(openssl rand -base64 32)")
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return Secret{}, fmt.Errorf("what follows %s is not base64 (the standard alphabet, with padding)", prefix)
	}
	switch {
	case prefix == sharedPrefix && minSecretBytes <= len(raw) && len(raw) <= maxSecretBytes:
		return Secret{shared: raw}, nil
	case prefix == sharedPrefix:
		return Secret{}, fmt.Errorf("the secret has %d bytes, and has to have %d to %d; make one with: echo whsec_$(openssl rand -base64 32)", len(raw), minSecretBytes, maxSecretBytes)
	case prefix == privatePrefix && len(raw) == ed25519.PrivateKeySize:
		key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
		if !key.Equal(ed25519.PrivateKey(raw)) {
			return Secret{}, errors.New("the private key does not go with the public one behind it")
		}
		return Secret{private: key, public: key.Public().(ed25519.PublicKey)}, nil
	case prefix == publicPrefix && len(raw) == ed25519.PublicKeySize:
		return Secret{public: ed25519.PublicKey(raw)}, nil
	}
	return Secret{}, fmt.Errorf("what follows %s has %d bytes; an Ed25519 private key has %d, a public one %d", prefix, len(raw), ed25519.PrivateKeySize, ed25519.PublicKeySize)
}

// CanSign tells whether signatures can be made with it: not with a public key.
func (s Secret) CanSign() bool { return s.shared != nil || s.private != nil }

// String keeps the secret out of what is printed or logged.
func (Secret) String() string { return "(secret)" }

// GoString does the same for %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue does the same for logs in JSON.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// sign returns a signature with its version in front.
func (s Secret) sign(text []byte) string {
	if s.shared != nil {
		return sharedVersion + base64.StdEncoding.EncodeToString(s.mac(text))
	}
	return asymmetricVersion + base64.StdEncoding.EncodeToString(ed25519.Sign(s.private, text))
}

// made tells whether a signature was made with the secret.
func (s Secret) made(signature string, text []byte) bool {
	version, encoded, found := strings.Cut(signature, ",")
	if !found {
		return false
	}
	have, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return false
	}
	switch version + "," {
	case sharedVersion:
		return s.shared != nil && hmac.Equal(have, s.mac(text))
	case asymmetricVersion:
		return s.public != nil && ed25519.Verify(s.public, text, have)
	}
	return false
}

func (s Secret) mac(text []byte) []byte {
	mac := hmac.New(sha256.New, s.shared)
	mac.Write(text) // never fails
	return mac.Sum(nil)
}
