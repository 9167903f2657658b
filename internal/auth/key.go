package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// Algorithm is how tokens are signed, by its name in JSON Web Algorithms (RFC 7518, RFC 8037).
type Algorithm string

// The algorithms that there are. What is not here, "none" above all, does not exist.
const (
	HS256 Algorithm = "HS256"
	RS256 Algorithm = "RS256"
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA" // with Ed25519
)

// methods do the arithmetic. Tokens are taken apart by this package, which is stricter about them.
var methods = map[Algorithm]jwt.SigningMethod{
	HS256: jwt.SigningMethodHS256,
	RS256: jwt.SigningMethodRS256,
	ES256: jwt.SigningMethodES256,
	EdDSA: jwt.SigningMethodEdDSA,
}

const (
	minSecretBytes = 32 // of HS256, as RFC 7518 section 3.2 wants it
	minRSABits     = 2048
	maxRSABits     = 8192 // beyond, one signature takes a core for milliseconds
	maxKeyIDBytes  = 256
)

// Key is a key that tokens are checked with, and maybe signed. It has one algorithm, whatever a token
// says of itself. The zero value is no key.
type Key struct {
	id        string // the kid of its tokens; "" for those of any
	algorithm Algorithm
	verify    any    // []byte, *rsa.PublicKey, *ecdsa.PublicKey or ed25519.PublicKey
	sign      any    // nil if it is the public half
	name      string // for logs
}

// NewSecret returns the key of HS256 tokens: who can check them can make them. The secret has at least
// 32 bytes.
func NewSecret(id string, secret []byte) (Key, error) {
	if len(secret) < minSecretBytes {
		return Key{}, fmt.Errorf("the secret has %d bytes, and HS256 needs at least %d; make one with: openssl rand -base64 48", len(secret), minSecretBytes)
	}
	return newKey(id, HS256, secret, secret)
}

// NewPublicKey returns the key of tokens that others sign: RSA of 2048 to 8192 bits, ECDSA on P-256, or
// Ed25519. The algorithm is RS256, ES256 or EdDSA.
func NewPublicKey(id string, public crypto.PublicKey) (Key, error) {
	algorithm, err := algorithmOf(public)
	if err != nil {
		return Key{}, err
	}
	return newKey(id, algorithm, public, nil)
}

// NewPrivateKey is like NewPublicKey, and can sign.
func NewPrivateKey(id string, private crypto.Signer) (Key, error) {
	k, err := NewPublicKey(id, private.Public())
	if err == nil {
		k.sign = private
	}
	return k, err
}

func newKey(id string, algorithm Algorithm, verify, sign any) (Key, error) {
	if len(id) > maxKeyIDBytes {
		return Key{}, fmt.Errorf("the key's id has %d bytes, and may have %d; use a shorter one", len(id), maxKeyIDBytes)
	}
	name := "key " + quote(id)
	if id == "" {
		name = "key without an id"
	}
	return Key{id: id, algorithm: algorithm, verify: verify, sign: sign, name: name}, nil
}

// algorithmOf returns what a public key is for, if it is a good one.
func algorithmOf(public crypto.PublicKey) (Algorithm, error) {
	switch public := public.(type) {
	case *rsa.PublicKey:
		switch bits := public.N.BitLen(); {
		case bits < minRSABits || bits > maxRSABits:
			return "", fmt.Errorf("the RSA key has %d bits; use one of %d to %d", bits, minRSABits, maxRSABits)
		case public.E < 3 || public.E%2 == 0 || public.N.Bit(0) == 0:
			return "", errors.New("the RSA key is not one: its modulus or exponent is even, or too small; make another")
		}
		return RS256, nil
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return "", fmt.Errorf("the key is on the curve %s; use P-256 (ES256)", public.Params().Name)
		}
		if _, err := public.ECDH(); err != nil {
			return "", errors.New("the key is no point of the curve P-256; make another")
		}
		return ES256, nil
	case ed25519.PublicKey:
		if len(public) != ed25519.PublicKeySize || hasSmallOrder(public) {
			return "", errors.New("the Ed25519 key is one that anybody can sign for; make another")
		}
		return EdDSA, nil
	}
	return "", fmt.Errorf("there is no algorithm for a %T; use RSA, ECDSA on P-256, or Ed25519", public)
}

// ID returns the kid of the key's tokens, or "" if it has none.
func (k Key) ID() string { return k.id }

// Algorithm returns the only algorithm that the key is for.
func (k Key) Algorithm() Algorithm { return k.algorithm }

// CanSign tells whether the key is more than the public half.
func (k Key) CanSign() bool { return k.sign != nil }

// String returns the name of the key, and nothing that is secret.
func (k Key) String() string { return k.name + " (" + string(k.algorithm) + ")" }

// GoString keeps %#v from printing the key.
func (k Key) GoString() string { return k.String() }

// verifies tells whether the signature of a token is good.
func (k *Key) verifies(t *token) bool {
	return methods[k.algorithm].Verify(t.signed, t.signature, k.verify) == nil
}
