package mqtt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = 30 * time.Second

// serverEnv has this binary be a server, with the data directory and the addresses that it says.
const serverEnv = "HOLDFAST_MQTT_SERVER"

func TestMain(m *testing.M) {
	if what := os.Getenv(serverEnv); what != "" {
		if err := beServer(strings.Fields(what)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// beServer serves until its standard input ends.
func beServer(what []string) error {
	s, err := listen(context.Background(), what[0], what[1], what[2])
	if err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin) // how it ends does not matter
		os.Exit(0)
	}()
	fmt.Println("ready")
	return s.Serve()
}

// listen opens a server whose channels below kept/ have a history.
func listen(ctx context.Context, dir, http, mqtt string) (*server.Server, error) {
	kept, last, others := policy.Default(), policy.Default(), policy.Default()
	kept.Channels, kept.Slow, kept.Access, kept.History.Count = "kept/#", policy.SlowCatchUp, policy.Open, 100_000
	last.Channels, last.Slow, last.Access, last.RetainLast = "last/#", policy.SlowCatchUp, policy.Open, true
	others.Access = policy.Open
	rules, err := policy.NewRules(kept, last, others)
	if err != nil {
		return nil, err
	}
	ca, err := certs.OpenCA(filepath.Join(dir, "ca"))
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return server.Listen(ctx, server.Config{
		HTTP:            http,
		HTTPS:           "127.0.0.1:0",
		TLS:             ca.TLSConfig(),
		MQTT:            server.MQTT{MQTT: mqtt, MQTTS: "127.0.0.1:0"},
		MaxMessageBytes: 1 << 20,
		Rules:           rules,
		SessionKey:      filepath.Join(dir, "session.key"),
		Broker:          broker.Config{Dir: filepath.Join(dir, "log"), SyncInterval: time.Hour, Log: log},
		NoChat:          true,
		Log:             log,
	})
}

// served is a server in this process.
type served struct {
	*server.Server
	http, mqtt string
	caFile     string
}

// serve runs a server until the end of the test.
func serve(t *testing.T) *served {
	t.Helper()
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	s, err := listen(ctx, dir, "127.0.0.1:0", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- s.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Shutdown(ctx, "the test is over"); err != nil {
			t.Error(err)
		}
		if err := <-over; err != nil {
			t.Error(err)
		}
	})
	return &served{s, s.HTTPAddr().String(), s.MQTTAddr().String(), filepath.Join(dir, "ca", "ca.pem")}
}

// victim is a server in a process of its own, to be killed and started again.
type victim struct {
	t         *testing.T
	dir, mqtt string
	cmd       *exec.Cmd
	stdin     io.WriteCloser
}

// startVictim starts a server on a port that stays the same.
func startVictim(t *testing.T) *victim {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{t: t, dir: t.TempDir(), mqtt: l.Addr().String()}
	if err := l.Close(); err != nil { // the server listens there next
		t.Fatal(err)
	}
	v.start()
	t.Cleanup(v.kill)
	return v
}

func (v *victim) start() {
	v.t.Helper()
	v.cmd = exec.Command(os.Args[0])
	v.cmd.Env = append(os.Environ(), serverEnv+"="+v.dir+" 127.0.0.1:0 "+v.mqtt)
	v.cmd.Stderr = os.Stderr
	var err error
	if v.stdin, err = v.cmd.StdinPipe(); err != nil {
		v.t.Fatal(err)
	}
	out, err := v.cmd.StdoutPipe()
	if err != nil {
		v.t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	said := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(out, said); err != nil || !bytes.Equal(said, []byte("ready\n")) {
		v.t.Fatalf("the server says %q, %v", said, err)
	}
}

// kill kills the server as kill -9 does.
func (v *victim) kill() {
	if v.cmd.ProcessState != nil {
		return
	}
	if err := v.cmd.Process.Kill(); err != nil {
		v.t.Error(err)
	}
	if err := v.cmd.Wait(); err == nil {
		v.t.Error("the server has ended by itself")
	}
}
