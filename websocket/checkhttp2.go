package websocket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// CheckHTTP2 tells whether the HTTP/2 servers of net/http in this process offer WebSocket over HTTP/2 (RFC 8441), so that Accept can
// get to see one: nil, or an error that says how to switch it on. It does not take the word of a setting: it asks a server, in memory.
// It makes sense before serving, where silence would mean that clients use HTTP/1.1 instead, or can't connect.
func CheckHTTP2() error { return checkHTTP2() }

var errHTTP2Off = errors.New("websocket: net/http does not offer WebSocket over HTTP/2 (RFC 8441) in this process: " +
	"import _ \"github.com/holdfast-dev/holdfast/websocket/enableh2\" in the main package, or start with GODEBUG=http2xconnect=1 in the environment")

// checkHTTP2 asks once: net/http has decided when it was initialised.
var checkHTTP2 = sync.OnceValue(func() error {
	here, there := net.Pipe()
	l := &oneConn{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conn <- there
	srv := &http.Server{Protocols: new(http.Protocols)}
	srv.Protocols.SetUnencryptedHTTP2(true)
	var serving sync.WaitGroup
	serving.Go(func() { srv.Serve(l) }) // ends by Close
	defer serving.Wait()
	defer srv.Close()
	defer here.Close()

	here.SetDeadline(time.Now().Add(handshakeTimeout))
	offered, err := offersConnect(here)
	if err != nil {
		return fmt.Errorf("websocket: an HTTP/2 server of net/http could not be asked for its settings: %w", err)
	}
	if !offered {
		return errHTTP2Off
	}
	return nil
})

// offersConnect begins to speak HTTP/2 and tells whether the server's settings (RFC 9113 section
// 6.5) have SETTINGS_ENABLE_CONNECT_PROTOCOL.
func offersConnect(nc net.Conn) (bool, error) {
	const (
		typeSettings          = 4
		enableConnectProtocol = 8 // RFC 8441 section 3
	)
	hello := "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" // and empty settings
	if _, err := io.WriteString(nc, hello); err != nil {
		return false, err
	}
	var header [9]byte
	if _, err := io.ReadFull(nc, header[:]); err != nil {
		return false, err
	}
	if header[3] != typeSettings {
		return false, fmt.Errorf("its first frame has type %d, not SETTINGS", header[3])
	}
	settings := make([]byte, int(header[1])<<8|int(header[2])) // the server is our own
	if _, err := io.ReadFull(nc, settings); err != nil {
		return false, err
	}
	for ; len(settings) >= 6; settings = settings[6:] {
		if binary.BigEndian.Uint16(settings) == enableConnectProtocol && binary.BigEndian.Uint32(settings[2:]) == 1 {
			return true, nil
		}
	}
	return false, nil
}

// oneConn is a listener that accepts what is in conn.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case nc := <-l.conn:
		return nc, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *oneConn) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *oneConn) Addr() net.Addr { return address("memory") }
