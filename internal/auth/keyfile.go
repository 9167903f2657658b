package auth

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ParseKey reads the text of a key file. For HS256 the text is the secret itself, without white space
// around it; algorithm has to say so, because a public key taken for a secret would let everybody sign.
// Otherwise it is PEM with a public key, a certificate or a private key, which tells its algorithm.
func ParseKey(id string, algorithm Algorithm, text []byte) (Key, error) {
	text = bytes.TrimSpace(text)
	switch {
	case algorithm == HS256 && IsPEM(text):
		return Key{}, errors.New("it is PEM, and so no secret of HS256; remove the algorithm, or write RS256, ES256 or EdDSA")
	case algorithm == HS256:
		return NewSecret(id, bytes.Clone(text))
	case !IsPEM(text):
		return Key{}, errors.New(`it is not PEM, which begins with "-----BEGIN"; if it is a secret, write the algorithm HS256`)
	}
	k, err := parsePEM(id, text)
	if err == nil && algorithm != "" && algorithm != k.algorithm {
		return Key{}, fmt.Errorf("it is a key of %s, and not of %s; correct the algorithm, or leave it out", k.algorithm, algorithm)
	}
	return k, err
}

// IsPEM tells whether the text of a key file is PEM, and so no secret.
func IsPEM(text []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(text), []byte("-----BEGIN ")) }

// parsePEM reads the first key of a text.
func parsePEM(id string, text []byte) (Key, error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return Key{}, errors.New("it has no whole block of PEM with a key; look at its first and last lines")
		}
		if block.Type == "EC PARAMETERS" { // openssl ecparam puts them before the key
			continue
		}
		key, err := parseBlock(block)
		if err != nil {
			return Key{}, err
		}
		if private, ok := key.(crypto.Signer); ok {
			return NewPrivateKey(id, private)
		}
		return NewPublicKey(id, key)
	}
}

func parseBlock(block *pem.Block) (key any, err error) {
	switch block.Type {
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "ENCRYPTED PRIVATE KEY":
		return nil, errors.New("the key is encrypted with a password; decrypt it with: openssl pkey -in FILE")
	default:
		return nil, fmt.Errorf("it is PEM of a %s; give a public key, a certificate or a private key", quote(block.Type))
	}
	if err != nil {
		// What the parser says may repeat bytes of the key.
		return nil, fmt.Errorf("the %s in it is broken; make the file again", block.Type)
	}
	return key, nil
}
