package signalr

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// ticket is what a client has negotiated. Its token says all of it under the server's key, so that a negotiation costs no
// memory, and any node can take the client that comes with it.
type ticket struct {
	id         string // that everybody may know
	key        tokenKey
	reconnects bool
	node       string    // where it was negotiated
	until      time.Time // the last moment at which it may be used first
	claimed    bool      // that node knows which one has the connection
}

// fresh tells whether a connection may be opened with it still.
func (t *ticket) fresh() bool { return time.Now().Before(t.until) }

// negotiated tells whether others may come with the same ticket.
func (t *ticket) negotiated() bool { return !t.until.IsZero() }

// tokenKey is the hash of a connection's token: who knows that is the connection. What is looked up by it tells nothing by the time that it
// takes.
type tokenKey [sha256.Size]byte

func keyOf(token string) tokenKey { return sha256.Sum256([]byte(token)) }

const (
	tokenVersion = 1
	randomBytes  = 24
	// fixedBytes of a token are its version, whether the client reconnects, when it was issued, and random ones. The name of the
	// node follows, and the signature.
	fixedBytes     = 1 + 1 + 8 + randomBytes
	signatureBytes = sha256.Size
	maxTokenBytes  = 256 // as text
	// maxSkew is how far apart the clocks of two nodes may be.
	maxSkew = 30 * time.Second
)

// issue returns the ticket of a new connection to a hub, and its token.
func (h *Handler) issue(at *Hub, reconnects bool) (t ticket, token string) {
	b := make([]byte, 2, fixedBytes+len(h.node)+signatureBytes)
	b[0] = tokenVersion
	if reconnects {
		b[1] = 1
	}
	b = binary.BigEndian.AppendUint64(b, uint64(time.Now().UnixMilli()))
	b = append(b, make([]byte, randomBytes)...)
	rand.Read(b[fixedBytes-randomBytes:]) // never fails
	b = append(b, h.node...)
	b = append(b, h.signature(at, b)...)
	token = base64.RawURLEncoding.EncodeToString(b)
	return h.readTicket(b, token), token
}

// redeem returns the ticket of a token. It is false if it was not issued for this hub.
func (h *Handler) redeem(at *Hub, token string) (t ticket, ok bool) {
	if len(token) > maxTokenBytes {
		return t, false
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < fixedBytes+signatureBytes || b[0] != tokenVersion {
		return t, false
	}
	body := b[:len(b)-signatureBytes]
	if !hmac.Equal(b[len(body):], h.signature(at, body)) {
		return t, false
	}
	return h.readTicket(b, token), true
}

// readTicket reads what a token says.
func (h *Handler) readTicket(b []byte, token string) ticket {
	id := sha256.Sum256(append([]byte("id "), b[fixedBytes-randomBytes:fixedBytes]...))
	t := ticket{
		id:         base64.RawURLEncoding.EncodeToString(id[:16]),
		key:        keyOf(token),
		reconnects: b[1] == 1,
		node:       string(b[fixedBytes : len(b)-signatureBytes]),
		until:      time.UnixMilli(int64(binary.BigEndian.Uint64(b[2:]))).Add(h.config.ConnectTimeout),
	}
	if t.node != h.node {
		t.until = t.until.Add(maxSkew)
	}
	return t
}

// signature binds a token to a hub.
func (h *Handler) signature(at *Hub, body []byte) []byte {
	return sign(h.key, []byte(at.path+"\x00"), body)
}

// tokenKeyOf returns the key of tokens, made of the server's: that signs other things, too, which must not pass for tokens.
func tokenKeyOf(server []byte) []byte {
	if server == nil {
		server = make([]byte, sha256.Size)
		rand.Read(server) // never fails
	}
	return sign(server, []byte("connections of SignalR"))
}

func sign(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write(p) // never fails
	}
	return m.Sum(nil)
}

// newID returns an id for a connection without a ticket.
func newID() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
