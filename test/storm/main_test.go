//go:build linux

package storm

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"
)

// roleEnv makes this test binary one of the processes that a storm needs beside its own.
const roleEnv = "HOLDFAST_STORM_ROLE"

const (
	natsAddrEnv = "HOLDFAST_STORM_NATS"      // where the NATS server listens
	natsDirEnv  = "HOLDFAST_STORM_NATS_DATA" // and its directory
)

var roles = map[string]func() error{
	"nats": beNATS,
	"time": tellTime, // see clock_test.go
}

func TestMain(m *testing.M) {
	role := roles[os.Getenv(roleEnv)]
	if role == nil {
		goleak.VerifyTestMain(m)
		return
	}
	if err := role(); err != nil {
		fmt.Fprintln(os.Stderr, os.Getenv(roleEnv)+":", err)
		os.Exit(1)
	}
}

// beNATS is a NATS server until it is told to end.
func beNATS() error {
	host, port, err := splitAddr(os.Getenv(natsAddrEnv))
	if err != nil {
		return err
	}
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: host, Port: port, NoSigs: true, JetStream: true, StoreDir: os.Getenv(natsDirEnv), MaxPayload: 2 << 20,
	})
	if err != nil {
		return err
	}
	s.Start()
	if !s.ReadyForConnections(startTimeout) {
		return errors.New("it does not start")
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	<-told
	s.Shutdown()
	s.WaitForShutdown()
	return nil
}

// patience is the longest that anything may take that is not a fault; it is not a timing that is tested.
const patience = 2 * time.Minute
