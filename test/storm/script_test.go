//go:build linux

package storm

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// script is all clients of the TypeScript SDK, in one process of Node.
type script struct {
	crowd   *crowd
	process *exec.Cmd
	stdout  *bufio.Scanner
	clients []scriptedClient
	ears    []*ear // by client; nil for those that only publish
	begins  chan error
	over    chan error

	mu      sync.Mutex // guards what follows
	stdin   io.WriteCloser
	waiting map[string]chan error // what becomes of publications, by id
}

// scriptedClient is one of them: a subscriber, or a publisher.
type scriptedClient struct {
	Who       string   `json:"who"`
	URLs      []string `json:"urls"`
	Channel   string   `json:"channel,omitempty"`
	Publishes string   `json:"publishes,omitempty"`
}

// told is what a client in Node tells.
type told struct {
	Client int
	Begins string // position; that it is live for the first time
	Live   bool
	State  string
	Offset uint64 // of a message with Text
	Epoch  string // likewise
	Text   string
	Acked  string // id of a publication, with Offset and Epoch
	Failed string // id of a publication, with Fault
	Lost   string
	Gap    string
	Fault  string
}

// startScript starts Node, and returns when all subscribers are live.
func startScript(tb testing.TB, c *crowd, clients []scriptedClient) *script {
	tb.Helper()
	file, err := filepath.Abs("testdata/crowd.mjs")
	if err != nil {
		tb.Fatal(err)
	}
	s := &script{
		crowd: c, clients: clients, begins: make(chan error), over: make(chan error, 1), waiting: map[string]chan error{},
		process: exec.Command("node", "--experimental-websocket", "--no-warnings", file, builtSDK(tb)),
	}
	s.process.Stderr = os.Stderr
	if s.stdin, err = s.process.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	stdout, err := s.process.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	s.stdout = bufio.NewScanner(stdout)
	if err := s.process.Start(); err != nil {
		tb.Fatal(err)
	}
	subscribers := 0
	for _, who := range clients {
		var e *ear
		if who.Channel != "" {
			e = c.listenFor(who.Who, record.TypeScript, who.Channel)
			subscribers++
		} else {
			c.speaks(func(ctx, speaking context.Context) { s.speak(ctx, speaking, who) })
		}
		s.ears = append(s.ears, e)
	}
	go s.listen()
	if err := s.tell(clients); err != nil {
		tb.Fatal(err)
	}
	for range subscribers {
		select {
		case err := <-s.begins:
			if err != nil {
				tb.Fatal(err)
			}
		case err := <-s.over:
			tb.Fatal("Node has ended: ", err)
		case <-time.After(patience):
			tb.Fatal("the clients in Node do not connect")
		}
	}
	return s
}

// builtSDK returns the URL of the TypeScript SDK, built from its sources. Its types are for make check-web.
func builtSDK(tb testing.TB) string {
	tb.Helper()
	out := tb.TempDir()
	if err := os.WriteFile(filepath.Join(out, "package.json"), []byte(`{"type":"module"}`), 0o600); err != nil {
		tb.Fatal(err)
	}
	build := exec.Command("../../web/node_modules/.bin/tsc", "-p", "../../web/client/tsconfig.build.json", "--noCheck", "--outDir", out)
	if said, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("the TypeScript SDK can't be built (npm --prefix web ci installs what that needs): %v\n%s", err, said)
	}
	return "file://" + filepath.Join(out, "index.js")
}

// tell writes a line to Node.
func (s *script) tell(what any) error {
	line, err := json.Marshal(what)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.stdin.Write(append(line, '\n'))
	return err
}

// speak has a client in Node publish one thing after the other. It does not wait for the acknowledgements until the end.
func (s *script) speak(ctx, speaking context.Context, who scriptedClient) {
	var sent []chan error
	for n := 0; sleep(speaking, about(s.crowd.Interval)); n++ {
		id := fmt.Sprintf("%s-%d", who.Who, n)
		text := textOf(id)
		s.crowd.journal.Add(record.Record{What: record.Send, Who: who.Who, Channel: who.Publishes, ID: id, Sum: record.Sum(text)})
		done := make(chan error, 1)
		s.mu.Lock()
		s.waiting[id] = done
		s.mu.Unlock()
		if err := s.tell(map[string]any{"who": who.Who, "id": id, "text": text}); err != nil {
			s.crowd.failed(who.Who, who.Publishes, id, err)
			break
		}
		sent = append(sent, done)
	}
	for _, done := range sent {
		select {
		case <-done:
		case <-ctx.Done():
			return
		}
	}
}

// listen takes what Node tells until it ends.
func (s *script) listen() {
	var wrong error
	for s.stdout.Scan() {
		var e told
		err := json.Unmarshal(s.stdout.Bytes(), &e)
		if err == nil {
			err = s.happened(&e)
		}
		if wrong == nil {
			wrong = err
		}
	}
	s.over <- errors.Join(wrong, s.stdout.Err(), s.process.Wait())
}

func (s *script) happened(e *told) error {
	who, ear := s.clients[e.Client], s.ears[e.Client]
	switch {
	case e.Acked != "":
		s.crowd.acked(who.Who, who.Publishes, e.Acked, e.Offset, e.Epoch)
		s.settled(e.Acked)
	case e.Failed != "":
		s.crowd.failed(who.Who, who.Publishes, e.Failed, errors.New(e.Fault))
		s.settled(e.Failed)
	case e.State != "":
		s.crowd.journal.Add(record.Record{What: record.State, Who: who.Who, Kind: record.TypeScript, Text: e.State})
	case ear == nil:
		return fmt.Errorf("%s: %s%s%s", who.Who, e.Fault, e.Lost, e.Gap)
	case e.Begins != "":
		s.begins <- ear.joins(e.Begins)
	case e.Live:
		ear.tells(record.Live, "")
	case e.Text != "":
		epoch := e.Epoch
		if at, err := protocol.ParsePosition(e.Epoch); err == nil {
			epoch = at.Epoch
		}
		ear.got(e.Text, e.Offset, epoch)
	case e.Lost != "":
		ear.tells(record.Lost, e.Lost)
	case e.Gap != "":
		ear.tells(record.Gap, e.Gap)
	default:
		ear.tells(record.Ended, e.Fault)
	}
	return nil
}

func (s *script) settled(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if done := s.waiting[id]; done != nil {
		done <- nil
		delete(s.waiting, id)
	}
}

// end lets Node end.
func (s *script) end() error {
	s.mu.Lock()
	err := s.stdin.Close()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case err := <-s.over:
		return err
	case <-time.After(patience):
		return errors.Join(errors.New("node does not end"), s.process.Process.Kill(), <-s.over)
	}
}
