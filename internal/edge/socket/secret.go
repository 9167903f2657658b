package socket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// statement is what the secret of a session says about it. The secret is the statement and a signature
// under the server's key, so that any node with the key can take the session, also after a restart.
type statement struct {
	id      string // of the session; it is signed, but sent beside the secret
	user    string // "" for an anonymous one
	node    uint64 // the run of the server that has issued it
	issued  time.Time
	expires time.Time
}

const (
	secretVersion = 1
	fixedBytes    = 1 + 3*8 // of a statement: version, node, issued, expires; the user follows
	// signatureBytes is the whole of HMAC-SHA256.
	signatureBytes = sha256.Size
)

// signer makes and checks secrets.
type signer struct{ key []byte }

// sign returns the secret for s.
func (g signer) sign(s statement) string {
	b := make([]byte, 0, fixedBytes+len(s.user)+signatureBytes)
	b = append(b, secretVersion)
	b = binary.BigEndian.AppendUint64(b, s.node)
	b = binary.BigEndian.AppendUint64(b, uint64(s.issued.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(s.expires.UnixMilli()))
	b = append(b, s.user...)
	return base64.RawURLEncoding.EncodeToString(append(b, g.signature(s.id, b)...))
}

// verify returns what the secret of the session id says, unless it is not genuine.
func (g signer) verify(id, secret string) (s statement, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil || len(b) < fixedBytes+signatureBytes || b[0] != secretVersion {
		return s, false
	}
	b, signature := b[:len(b)-signatureBytes], b[len(b)-signatureBytes:]
	if !hmac.Equal(signature, g.signature(id, b)) {
		return s, false
	}
	return statement{
		id:      id,
		user:    string(b[fixedBytes:]),
		node:    binary.BigEndian.Uint64(b[1:]),
		issued:  time.UnixMilli(int64(binary.BigEndian.Uint64(b[9:]))),
		expires: time.UnixMilli(int64(binary.BigEndian.Uint64(b[17:]))),
	}, true
}

// signature binds a statement to a session.
func (g signer) signature(id string, body []byte) []byte {
	h := hmac.New(sha256.New, g.key)
	h.Write([]byte{byte(len(id))}) // at most protocol.MaxNameBytes
	h.Write([]byte(id))
	h.Write(body)
	return h.Sum(nil)
}
