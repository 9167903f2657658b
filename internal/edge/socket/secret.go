package socket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/protocol"
)

// statement is what the secret of a session says about it. The secret is the statement and a signature
// under the server's key, so that any node with the key can take the session, also after a restart.
type statement struct {
	id      string // of the session; it is signed, but sent beside the secret
	who     *auth.Identity
	turn    uint64 // of the connection that it was issued to
	node    uint64 // the run of the server that has issued it
	issued  time.Time
	expires time.Time
}

const (
	secretVersion = 2
	fixedBytes    = 1 + 4*8 // of a statement: version, node, issued, expires, turn; the identity follows, in JSON, unless nobody vouches for it
	// signatureBytes is the whole of HMAC-SHA256.
	signatureBytes = sha256.Size
)

// signer makes and checks secrets.
type signer struct{ key []byte }

// sign returns the secret for s, or "" if its identity has so many grants that the client could not send
// them back.
func (g signer) sign(s statement) string {
	b := make([]byte, 0, fixedBytes+signatureBytes)
	b = append(b, secretVersion)
	b = binary.BigEndian.AppendUint64(b, s.node)
	b = binary.BigEndian.AppendUint64(b, uint64(s.issued.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(s.expires.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, s.turn)
	if !s.who.Anonymous() || s.who.By != "" {
		text, err := json.Marshal(s.who)
		if err != nil || base64.RawURLEncoding.EncodedLen(len(b)+len(text)+signatureBytes) > protocol.MaxSecretBytes {
			return ""
		}
		b = append(b, text...)
	}
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
	who := new(auth.Identity)
	if text := b[fixedBytes:]; len(text) > 0 && json.Unmarshal(text, who) != nil {
		return s, false // of another version of the server
	}
	return statement{
		id:      id,
		who:     who,
		node:    binary.BigEndian.Uint64(b[1:]),
		issued:  time.UnixMilli(int64(binary.BigEndian.Uint64(b[9:]))),
		expires: time.UnixMilli(int64(binary.BigEndian.Uint64(b[17:]))),
		turn:    binary.BigEndian.Uint64(b[25:]),
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
