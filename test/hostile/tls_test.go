package hostile

import (
	"bytes"
	"crypto/tls"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/server"
)

var modernSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}

func TestBytesThatAreNoGoodHelloAreRefusedAndNobodyElseNotices(t *testing.T) {
	x := newTarget(t, tls.NoClientCert, server.Front{})
	x.bystanders()
	hello := helloOf(t, x.client())
	old := x.client()
	old.MaxVersion, old.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}
	older := helloOf(t, old)
	change := func(old, new string) []byte { return bytes.Replace(hello, []byte(old), []byte(new), 1) }
	for _, test := range []struct {
		name string
		send []byte
		half bool // closes its half behind it, or else nothing would happen before the timeout
		want string
	}{
		{"nothing", nil, true, "closed"},
		{"one byte", []byte{22}, true, "closed"},
		{"a header alone", hello[:5], true, "closed"},
		{"half a hello", hello[:len(hello)/2], true, "closed"},
		{"all but a byte", hello[:len(hello)-1], true, "closed"},
		{"HTTP in the clear", []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), false, "HTTP/1.0 400 Bad Request"},
		{"a WebSocket in the clear", []byte("GET /channels/c HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"), false, "HTTP/1.0 400 Bad Request"},
		{"HTTP/2 in the clear", []byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), false, "closed"},
		{"SSH", []byte("SSH-2.0-OpenSSH_9.9\r\n"), false, "closed"},
		{"SMTP", []byte("EHLO a\r\nSTARTTLS\r\n"), false, "closed"},
		{"a PROXY header nobody asked for", append([]byte("PROXY TCP4 1.1.1.1 2.2.2.2 3 4\r\n"), hello...), false, "closed"},
		{"noise", bytes.Repeat([]byte{0xa5}, 3000), false, "closed"},
		{"zeros", make([]byte, 3000), false, "closed"},
		{"SSL 2", []byte{0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10}, true, "fatal protocol_version"},
		{"SSL 3", oldHello(0x0300, modernSuites, 0), false, "fatal protocol_version"},
		{"TLS 1.0", oldHello(0x0301, modernSuites, 0), false, "fatal protocol_version"},
		{"TLS 1.1", oldHello(0x0302, modernSuites, 0), false, "fatal protocol_version"},
		{"no suites", oldHello(0x0303, nil, 0), false, "fatal handshake_failure"},
		{"suites that there are not", oldHello(0x0303, []uint16{0x0a0a, 0xfafa}, 0), false, "fatal handshake_failure"},
		{"NULL encryption", oldHello(0x0303, []uint16{0x0001, 0x0002, 0x003b, 0xc006}, 0), false, "fatal handshake_failure"},
		{"export and anonymous suites", oldHello(0x0303, []uint16{0x0003, 0x0008, 0x0017, 0x0034, 0xc018}, 0), false, "fatal handshake_failure"},
		{"RC4 and 3DES", oldHello(0x0303, []uint16{tls.TLS_RSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_ECDSA_WITH_RC4_128_SHA, tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA}, 0), false, "fatal handshake_failure"},
		{"CBC", oldHello(0x0303, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256}, 0), false, "fatal handshake_failure"},
		{"no forward secrecy", oldHello(0x0303, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_RSA_WITH_AES_256_GCM_SHA384}, 0), false, "fatal handshake_failure"},
		{"only compressed (CRIME)", oldHello(0x0303, modernSuites, 1), false, "fatal illegal_parameter"},
		{"no compressions at all", oldHello(0x0303, modernSuites), false, "fatal illegal_parameter"},
		{"a downgrade (SCSV)", bytes.Replace(older, []byte{0xc0, 0x2f}, []byte{0x56, 0x00}, 1), false, "fatal inappropriate_fallback"},
		{"a record that is too long", append([]byte{22, 3, 1, 0x48, 0x01}, make([]byte, 0x4801)...), false, "fatal record_overflow"},
		{"a hello of 16 MiB", record(22, message(1, 0xffffff, make([]byte, 1000))), false, "fatal internal_error"},
		{"a hello that claims more than it has", record(22, message(1, 40, bytes.Repeat([]byte{0xff}, 40))), false, "fatal decode_error"},
		{"a hello without content", record(22, message(1, 0, nil)), false, "fatal decode_error"},
		{"a ServerHello", record(22, message(2, 4, []byte{3, 3, 0, 0})), false, "fatal decode_error"},
		{"an unknown message", record(22, message(99, 4, []byte{0, 0, 0, 0})), false, "fatal unexpected_message"},
		{"data before the hello", record(23, []byte("GET / HTTP/1.1\r\n\r\n")), false, "closed"},
		{"a heartbeat (Heartbleed)", record(24, []byte{1, 0x40, 0}), false, "closed"},
		{"a change of cipher before the hello", record(20, []byte{1}), false, "closed"},
		{"an alert", record(21, []byte{2, 40}), false, "closed"},
		{"empty records without end", bytes.Repeat(record(22, nil), 100), false, "fatal unexpected_message"},
		{"a name that ends with a dot", change("localhost", "localhos."), false, "fatal decode_error"},
		{"two hellos at once", append(hello[:len(hello):len(hello)], hello...), false, "hello"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := inWords(x.tell(test.send, test.half)); got != test.want {
				t.Errorf("answered %q, want %q", got, test.want)
			}
			x.flows()
		})
	}
}
