package hostile

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/websocket"
)

// patience is the longest that anything may take that takes no time.
const patience = 20 * time.Second

// target is a server on TLS, with two bystanders who have nothing to do with what is done to it.
type target struct {
	t    *testing.T
	ca   *certstest.Authority
	srv  *server.Server
	addr string

	mu             sync.Mutex // guards what follows
	speaker, other *websocket.Conn
	said           int
}

// newTarget starts a server that asks clients for certificates as auth says.
func newTarget(t *testing.T, auth tls.ClientAuthType, front server.Front) *target {
	t.Helper()
	x := &target{t: t, ca: certstest.New(t)}
	quiet := slog.New(slog.DiscardHandler)
	certFile, keyFile := certstest.WritePair(t, t.TempDir(), x.ca.Issue(nil))
	store, err := certs.Open(certs.Options{
		Pairs: []certs.PairFiles{{Cert: certFile, Key: keyFile}}, ClientAuth: auth, ClientCA: x.ca.WriteFile(t.TempDir()), HandshakeQueue: 1024, Log: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	open := policy.Default()
	open.Access = policy.Open
	rules, err := policy.NewRules(open)
	if err != nil {
		t.Fatal(err)
	}
	x.srv, err = server.Listen(t.Context(), server.Config{
		HTTPS: "127.0.0.1:0", HTTP: "127.0.0.1:0", TLS: store.TLSConfig(), Front: front, Rules: rules, MaxMessageBytes: 1 << 20, Log: quiet,
	})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- x.srv.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(x.srv.Shutdown(ctx, "test over"), <-served); err != nil {
			t.Error(err)
		}
	})
	x.addr = x.srv.HTTPSAddr().String()
	return x
}

// client returns what a client needs that is in order.
func (x *target) client() *tls.Config {
	return &tls.Config{ServerName: "localhost", RootCAs: x.ca.Pool(), Certificates: []tls.Certificate{*x.ca.Issue(nil)}}
}

// bystanders connects the two.
func (x *target) bystanders() {
	x.t.Helper()
	x.speaker, x.other = x.dial(), x.dial()
	x.flows()
}

func (x *target) dial() *websocket.Conn {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := websocket.Dial(ctx, "wss://"+x.addr+"/channels/bystanders?echo=false", &websocket.DialOptions{TLS: x.client()})
	if err != nil {
		x.t.Fatal("a bystander can't connect: ", err)
	}
	x.t.Cleanup(c.CloseNow)
	return c
}

// flows checks that a message gets from one bystander to the other, in a second.
func (x *target) flows() {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.said++
	word := strconv.Itoa(x.said)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := x.speaker.Write(ctx, websocket.Text, []byte(word)); err != nil {
		x.t.Fatal("a bystander can't speak: ", err)
	}
	if _, got, err := x.other.Read(ctx); err != nil || string(got) != word {
		x.t.Fatalf("the other bystander heard %q, %v; want %q", got, err, word)
	}
}

// tell sends bytes on a new connection, closes its writing half if that is asked for, and returns all that comes back until the
// server closes.
func (x *target) tell(send []byte, halfClose bool) []byte {
	x.t.Helper()
	nc, err := net.Dial("tcp", x.addr)
	if err != nil {
		x.t.Fatal(err)
	}
	defer nc.Close()
	if err := nc.SetDeadline(time.Now().Add(patience)); err != nil {
		x.t.Fatal(err)
	}
	if _, err := nc.Write(send); err != nil && !cutOff(err) {
		x.t.Fatal(err)
	}
	if halfClose {
		if err := nc.(*net.TCPConn).CloseWrite(); err != nil && !cutOff(err) {
			x.t.Fatal(err)
		}
	}
	answer, err := io.ReadAll(nc)
	if err != nil && !cutOff(err) {
		x.t.Fatalf("the server does not end the connection: %v, after %x", err, answer)
	}
	return answer
}

// cutOff tells whether the server has closed a connection on which it has not read everything.
func cutOff(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ENOTCONN)
}
