package together

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/broker"
)

// nodeEnv is set in processes that are one node each, there to be killed: its configuration.
const nodeEnv = "HOLDFAST_TOGETHER_NODE"

func TestMain(m *testing.M) {
	if config := os.Getenv(nodeEnv); config != "" {
		beNode(config)
		return
	}
	goleak.VerifyTestMain(m)
}

// beNode runs a node until its standard input ends, and says "ready" when it has opened the log.
func beNode(config string) {
	var c broker.Config
	err := json.Unmarshal([]byte(config), &c)
	var b *broker.Broker
	if err == nil {
		c.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
		b, err = broker.Open(context.Background(), c)
	}
	if err == nil {
		_, err = b.Log(context.Background(), logName, broker.Retention{})
	}
	if err == nil {
		fmt.Println("ready")
		_, err = io.Copy(io.Discard, os.Stdin)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is a node that is a process of its own.
type child struct {
	process *exec.Cmd
	stdin   io.Closer // whose end ends the process
	ready   chan error
	killing sync.Once
}

// startChild starts one, which is killed at the end of the test at the latest.
func startChild(t *testing.T, c broker.Config) *child {
	t.Helper()
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	process := exec.Command(os.Args[0])
	process.Env = append(os.Environ(), nodeEnv+"="+string(config))
	said := &lines{}
	process.Stderr = said
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := process.StdinPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	n := &child{process: process, stdin: stdin, ready: make(chan error, 1)}
	go func() {
		_, err := fmt.Fscanln(out, new(string))
		n.ready <- err
	}()
	t.Cleanup(func() {
		n.kill()
		if t.Failed() {
			t.Logf("node %s said:\n%s", c.Cluster.Node, said)
		}
	})
	return n
}

// kill ends the process as kill -9 does. That it ends so is what is wanted.
func (n *child) kill() {
	n.killing.Do(func() {
		if err := n.process.Process.Kill(); err != nil {
			fmt.Fprintln(os.Stderr, "a node could not be killed:", err)
			return
		}
		if err := n.process.Wait(); err == nil {
			fmt.Fprintln(os.Stderr, "a node has ended by itself")
		}
	})
}
