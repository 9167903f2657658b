// Package signalr tests the edge for SignalR with Microsoft's own client, in Node.
package signalr

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/websocket"
)

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = time.Minute

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// node is a server, where everybody may do everything below chat/.
type node struct {
	addr     string
	mqtt     string // its address for MQTT
	shutdown func()
}

const secret = "a secret of more than thirty-two bytes"

func serve(t *testing.T) *node {
	t.Helper()
	kept := policy.Default()
	kept.Channels, kept.Slow, kept.Access, kept.Presence = "chat/#", policy.SlowCatchUp, policy.Open, true
	kept.History = policy.History{Count: 10_000, Age: time.Hour}
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := signalr.NewHub("/signalr", nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	chat, err := signalr.NewHub("/chatHub", []string{"chat/tutorial"}, []string{"SendMessage=publish chat/tutorial"}, []string{"chat/tutorial=ReceiveMessage"})
	if err != nil {
		t.Fatal(err)
	}
	key, err := auth.NewSecret("", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil { // the server listens there next
		t.Fatal(err)
	}
	s, err := server.Listen(t.Context(), server.Config{
		HTTP:            addr,
		MQTT:            server.MQTT{MQTT: "127.0.0.1:0"},
		MaxMessageBytes: 1 << 20,
		Auth:            auth.Config{Keys: []auth.Key{key}},
		Rules:           rules,
		SignalR:         []*signalr.Hub{plain, chat},
		Broker:          broker.Config{Dir: filepath.Join(t.TempDir(), "log"), SyncInterval: time.Hour, Log: log},
		Log:             log,
	})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	n := &node{addr: addr, mqtt: s.MQTTAddr().String()}
	n.shutdown = func() {
		n.shutdown = func() {}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx, "the server stops"); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { n.shutdown() })
	return n
}

// script returns the command that runs one of testdata's scripts.
func script(t *testing.T, ctx context.Context, name string, n *node, path string, args ...string) *exec.Cmd {
	t.Helper()
	web, err := filepath.Abs(filepath.Join("..", "..", "web"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(web, "node_modules", "@microsoft", "signalr")); err != nil {
		t.Fatalf("%v: this test runs Microsoft's client in Node.js; make tools installs that, and make web the client", err)
	}
	cmd := exec.CommandContext(ctx, "node", append([]string{filepath.Join("testdata", name), web, "http://" + n.addr + path}, args...)...)
	cmd.WaitDelay = patience
	return cmd
}

func run(t *testing.T, name string, n *node, path string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if out, err := script(t, ctx, name, n, path, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %v: %v\n%s", name, args, err, out)
	}
}

func TestMicrosoftsClientDoesEverythingOverEachTransport(t *testing.T) {
	n := serve(t)
	for _, by := range []string{"ws json", "skip json", "ws messagepack", "sse json", "poll json", "poll messagepack"} {
		t.Run(by, func(t *testing.T) { run(t, "talk.mjs", n, "/signalr", strings.Fields(by)...) })
	}
}

func TestWithStatefulReconnectNothingShowsThatConnectionsBreak(t *testing.T) {
	n := serve(t)
	for _, protocol := range []string{"json", "messagepack"} {
		t.Run(protocol, func(t *testing.T) { run(t, "reconnect.mjs", n, "/signalr", "ws", protocol) })
	}
}

func TestTheClientOfTheChatTutorialRunsUnmodified(t *testing.T) {
	n := serve(t)
	run(t, "tutorial.mjs", n, "/chatHub", "ws", "json")
}

// ending runs ending.mjs, calls ready when it is connected, and returns what it tells of the end.
func ending(t *testing.T, n *node, ready func(), args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := script(t, ctx, "ending.mjs", n, "/signalr", args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err == nil {
		ready()
	}
	rest, _ := io.ReadAll(lines) // Wait tells what went wrong
	if err := cmd.Wait(); err != nil || !strings.HasPrefix(first, "ready ") {
		t.Fatalf("%q: %v\n%s", first, err, &stderr)
	}
	return strings.TrimSpace(string(rest))
}

func TestAServerThatStopsLetsItsClientsComeBack(t *testing.T) {
	for _, by := range []string{"ws json", "ws messagepack", "sse json", "poll json"} {
		t.Run(by, func(t *testing.T) {
			n := serve(t)
			got := ending(t, n, n.shutdown, strings.Fields(by)...)
			polls := strings.HasPrefix(by, "poll") // between two polls there is nobody to be told
			if got != "reconnecting: Server returned an error on close: the server stops" && !(polls && strings.HasPrefix(got, "reconnecting: ")) {
				t.Error(got)
			}
		})
	}
}

func TestAConnectionEndsWithItsToken(t *testing.T) {
	n := serve(t)
	key, err := auth.NewSecret("", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"ws json", "sse json", "poll messagepack"} {
		t.Run(by, func(t *testing.T) {
			now := time.Now()
			token, err := key.Sign(auth.Claims{User: "ada", Issued: now, Expires: now.Add(4 * time.Second)})
			if err != nil {
				t.Fatal(err)
			}
			got := ending(t, n, func() {}, append(strings.Fields(by), token)...)
			if got != "reconnecting: Server returned an error on close: the token has expired; connect again with a new one" {
				t.Error(got)
			}
		})
	}
}

func TestClientsOfOtherEdgesAreOnTheSameChannels(t *testing.T) {
	n := serve(t)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := websocket.Dial(ctx, "ws://"+n.addr+"/channels/chat/cross", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	device, heard := deviceIn(t, ctx, n.mqtt, "chat/cross")
	cmd := script(t, ctx, "cross.mjs", n, "/signalr", "ws", "messagepack")
	done := make(chan struct{})
	go func() {
		defer close(done)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}()
	for _, want := range []struct {
		typ     websocket.MessageType
		payload string
	}{{websocket.Text, "text of SignalR"}, {websocket.Binary, "\x00\xff"}} {
		typ, payload, err := conn.Read(ctx)
		if err != nil || typ != want.typ || string(payload) != want.payload {
			t.Fatalf("got %v %q, %v; want %v %q", typ, payload, err, want.typ, want.payload)
		}
		select {
		case got := <-heard:
			if got != want.payload {
				t.Errorf("the device got %q, want %q", got, want.payload)
			}
		case <-ctx.Done():
			t.Fatal("the device gets nothing")
		}
	}
	if err := conn.Write(ctx, websocket.Text, []byte("text of a WebSocket")); err != nil {
		t.Error(err)
	}
	if err := conn.Write(ctx, websocket.Binary, []byte("\x01\xfe")); err != nil {
		t.Error(err)
	}
	<-heard
	<-heard
	if _, err := device.Publish(ctx, &paho.Publish{Topic: "chat/cross", QoS: 1, Payload: []byte("text of MQTT")}); err != nil {
		t.Error(err)
	}
	<-done
}

// deviceIn connects by MQTT, and returns what it hears in a channel.
func deviceIn(t *testing.T, ctx context.Context, addr, topic string) (*paho.Client, <-chan string) {
	t.Helper()
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 10)
	c := paho.NewClient(paho.ClientConfig{Conn: nc, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(p paho.PublishReceived) (bool, error) {
			heard <- string(p.Packet.Payload)
			return true, nil
		},
	}})
	if _, err := c.Connect(ctx, &paho.Connect{ClientID: "device", CleanStart: true, KeepAlive: 60}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Disconnect(&paho.Disconnect{}); err != nil {
			t.Error(err)
		}
		<-c.Done()
	})
	if _, err := c.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	return c, heard
}
