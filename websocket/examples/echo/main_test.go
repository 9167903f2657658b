package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs the command and returns the URL that it prints, and a function that stops it and
// returns how it ended.
func start(t *testing.T, args ...string) (url string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), w, io.Discard)
		w.CloseWithError(io.EOF)
		ended <- err
	}()
	stopped := false
	stop = func() error {
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() {
		if !stopped {
			stop()
		}
	})
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatalf("no URL was printed: %v; the command ended with: %v", err, stop())
	}
	return strings.TrimSpace(line), stop
}

// deadline is for each step of a test.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func dial(t *testing.T, url string, config *tls.Config) *websocket.Conn {
	t.Helper()
	conn, err := websocket.Dial(deadline(t), url, &websocket.DialOptions{TLS: config})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.CloseNow)
	return conn
}

func expectEcho(t *testing.T, conn *websocket.Conn, typ websocket.MessageType, message []byte) {
	t.Helper()
	ctx := deadline(t)
	if err := conn.Write(ctx, typ, message); err != nil {
		t.Fatal(err)
	}
	gotType, got, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if gotType != typ || !bytes.Equal(got, message) {
		t.Errorf("the echo of %d bytes of %v is %d bytes of %v", len(message), typ, len(got), gotType)
	}
}

// styles are the flags of both ways to read.
var styles = map[string][]string{"plain": nil, "events": {"-serve"}}

func TestMessagesComeBack(t *testing.T) {
	for style, flags := range styles {
		for scheme, more := range map[string][]string{"ws": nil, "wss": {"-tls"}} {
			t.Run(style+" over "+scheme, func(t *testing.T) {
				url, _ := start(t, append(more, flags...)...)
				if !strings.HasPrefix(url, scheme+"://127.0.0.1:") {
					t.Errorf("the URL is %s", url)
				}
				conn := dial(t, url+"any/path", &tls.Config{InsecureSkipVerify: true})
				expectEcho(t, conn, websocket.Text, []byte("héllo"))
				expectEcho(t, conn, websocket.Binary, nil)
				expectEcho(t, conn, websocket.Binary, bytes.Repeat([]byte{1, 2, 3}, 50_000))
				if err := conn.Close(deadline(t), websocket.CloseNormal, "done"); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestAMessageOverTheLimitClosesTheConnection(t *testing.T) {
	url, _ := start(t, "-max-message", "100")
	conn := dial(t, url, nil)
	expectEcho(t, conn, websocket.Binary, make([]byte, 100))
	ctx := deadline(t)
	if err := conn.Write(ctx, websocket.Binary, make([]byte, 101)); err != nil {
		t.Fatal(err)
	}
	_, _, err := conn.Read(ctx)
	if code := websocket.CloseCodeOf(err); code != websocket.CloseMessageTooBig {
		t.Errorf("the connection ended with %v", err)
	}
}

func TestStoppingClosesConnectionsWithAReason(t *testing.T) {
	for style, flags := range styles {
		t.Run(style, func(t *testing.T) {
			url, stop := start(t, flags...)
			conn := dial(t, url, nil)
			expectEcho(t, conn, websocket.Text, []byte("still here"))
			ended := make(chan error, 1)
			go func() {
				_, _, err := conn.Read(context.Background())
				ended <- err
			}()
			if err := stop(); err != nil {
				t.Errorf("the server ended with %v", err)
			}
			err := <-ended
			if websocket.CloseCodeOf(err) != websocket.CloseGoingAway || !strings.Contains(err.Error(), goodbye) {
				t.Errorf("the connection ended with %v", err)
			}
		})
	}
}

func TestACertificateComesFromFiles(t *testing.T) {
	url, stop := start(t, "-tls")
	conn, err := tls.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "wss://"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	made := conn.ConnectionState().PeerCertificates[0]
	conn.Close()
	stop()
	if err := made.VerifyHostname("127.0.0.1"); err != nil {
		t.Error(err)
	}

	cert, err := selfSigned(conn.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert.Certificate[0]},
		keyFile:  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	url, _ = start(t, "-cert", certFile, "-key", keyFile)
	leaf, err := x509.ParseCertificate(cert.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	expectEcho(t, dial(t, url, &tls.Config{RootCAs: roots}), websocket.Text, []byte("trusted"))
}

func TestMistakesAreExplained(t *testing.T) {
	for line, want := range map[string]string{
		"localhost:9001":               `unexpected argument "localhost:9001"; the address goes behind -addr`,
		"-cert only.pem":               "-cert and -key belong together",
		"-addr 127.0.0.1:no-such-port": "unknown port",
	} {
		err := run(t.Context(), append([]string{"-addr", "127.0.0.1:0"}, strings.Fields(line)...), io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("echo %s: %v; want %s", line, err, want)
		}
	}
}
