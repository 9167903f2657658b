package handshake

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
)

const (
	keyBytes    = 16
	encodedKey  = 24 // keyBytes in base64
	acceptMagic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// NewKey returns a fresh Sec-WebSocket-Key: 16 random bytes in base64 (RFC 6455 section 4.1).
func NewKey() string {
	var nonce [keyBytes]byte
	rand.Read(nonce[:]) // never fails
	return base64.StdEncoding.EncodeToString(nonce[:])
}

// AcceptKey returns the Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455 section 4.2.2). It shows that the
// server speaks WebSocket; it protects nothing, so the weakness of SHA-1 does not matter.
func AcceptKey(key string) string {
	sum := sha1.Sum([]byte(key + acceptMagic))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// validKey reports whether key is base64 of 16 bytes. The four bits that the last character has to spare may be set: the
// example key in RFC 6455 section 4.1 has one of them set.
func validKey(key string) bool {
	if len(key) != encodedKey {
		return false
	}
	var nonce [encodedKey]byte
	n, err := base64.StdEncoding.Decode(nonce[:], []byte(key))
	return err == nil && n == keyBytes
}
