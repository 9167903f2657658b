package hostile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/server"
)

// overheard keeps what is read from a connection.
type overheard struct {
	net.Conn
	read bytes.Buffer
}

func (o *overheard) Read(p []byte) (int, error) {
	n, err := o.Conn.Read(p)
	o.read.Write(p[:n])
	return n, err
}

func TestRenegotiationIsRefused(t *testing.T) {
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	for name, again := range map[string]struct {
		message []byte
		want    string
	}{
		"asked for by a ClientHello":   {oldHello(0x0303, modernSuites, 0)[5:], "unexpected message"},
		"asked for by a HelloRequest":  {message(0, 0, nil), ""}, // a warning, and the end,
		"with a message of no meaning": {message(77, 3, []byte("abc")), "unexpected message"},
	} {
		nc, err := net.Dial("tcp", x.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		c, secrets := x.client(), &bytes.Buffer{}
		c.MaxVersion, c.CipherSuites, c.KeyLogWriter = tls.VersionTLS12, modernSuites, secrets
		ear := &overheard{Conn: nc}
		conn := tls.Client(ear, c)
		if err := conn.Handshake(); err != nil {
			t.Fatal(err)
		}
		// By hand, as crypto/tls does not begin one: the client's second record under the keys of the handshake.
		if _, err := nc.Write(sealed(t, secrets.String(), ear.read.Bytes(), again.message)); err != nil {
			t.Fatal(err)
		}
		if err := nc.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); (err == nil) != (again.want == "") || err != nil && !strings.Contains(err.Error(), again.want) {
			t.Errorf("%s: the client is told %v, want %q", name, err, again.want)
		}
		x.flows()
	}
}

// sealed returns a handshake message as a record that a client sends in TLS 1.2 with AES-128-GCM after its Finished (RFC 5246
// section 6.3, RFC 5288). secrets is a key log, and heard begins with the record of the ServerHello.
func sealed(t *testing.T, secrets string, heard, message []byte) []byte {
	t.Helper()
	fields := strings.Fields(secrets) // CLIENT_RANDOM <random> <master secret>
	clientRandom, err := hex.DecodeString(fields[1])
	if err != nil {
		t.Fatal(err)
	}
	master, err := hex.DecodeString(fields[2])
	if err != nil {
		t.Fatal(err)
	}
	serverRandom := heard[11 : 11+32]
	seed := append(append([]byte("key expansion"), serverRandom...), clientRandom...)
	var keys []byte
	for a := mac(master, seed); len(keys) < 40; a = mac(master, a) {
		keys = append(keys, mac(master, append(a[:len(a):len(a)], seed...))...)
	}
	block, err := aes.NewCipher(keys[:16])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	number := binary.BigEndian.AppendUint64(nil, 1)
	nonce := append(append([]byte(nil), keys[32:36]...), number...)
	header := []byte{22, 3, 3, byte(len(message) >> 8), byte(len(message))}
	body := gcm.Seal(number[:8:8], nonce, message, append(number[:8:8], header...))
	binary.BigEndian.PutUint16(header[3:], uint16(len(body)))
	return append(header, body...)
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)
}
