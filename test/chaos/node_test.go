package chaos

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
)

// scripted is many clients of the TypeScript SDK in one process of Node.
type scripted struct {
	crowd   *crowd
	process *exec.Cmd
	stdout  *bufio.Scanner

	input  sync.Mutex // guards stdin
	stdin  io.WriteCloser
	begins chan int // clients that have begun
	over   chan error
	voices []*voice // by client; nil for those that only follow
}

// event is what a client in Node tells.
type event struct {
	Client int
	Begins string // position; that it is live for the first time
	Live   bool
	Offset uint64 // of a message with Text
	Text   string
	Number int    // of a publication, with Stored
	Stored uint64 // offset
	Fault  string
}

// voice is a speaker in Node.
type voice struct {
	script *scripted
	client int
	name   string
	sent   int // belongs to the goroutine of speak, and to settle after that
	failed error

	mu      sync.Mutex // guards what follows
	offsets map[int]uint64
}

func (v *voice) who() string { return v.name }

func (v *voice) patient() bool { return false }

func (v *voice) speak(_, speaking context.Context) {
	for ; sleep(speaking, about(v.script.crowd.Interval)); v.sent++ {
		text := textOf(v.name, v.sent)
		if v.failed = v.script.tell(map[string]any{"client": v.client, "number": v.sent, "text": text}); v.failed != nil {
			return
		}
	}
}

func (v *voice) settle(ctx context.Context) ([]uint64, error) {
	for !v.all() && sleep(ctx, 20*time.Millisecond) {
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	offsets := make([]uint64, v.sent)
	for number, offset := range v.offsets {
		offsets[number] = offset
	}
	if len(v.offsets) < v.sent {
		return offsets, fmt.Errorf("%d of %d messages of %s are not acknowledged: %w", v.sent-len(v.offsets), v.sent, v.name, errors.Join(ctx.Err(), v.failed))
	}
	return offsets, v.failed
}

func (v *voice) all() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.offsets) == v.sent
}

// tell writes a line to Node.
func (n *scripted) tell(what any) error {
	line, err := json.Marshal(what)
	if err != nil {
		return err
	}
	n.input.Lock()
	defer n.input.Unlock()
	_, err = n.stdin.Write(append(line, '\n'))
	return err
}

// startScript starts Node with the clients of a crowd.
func startScript(tb testing.TB, c *crowd) *scripted {
	tb.Helper()
	script, err := filepath.Abs("testdata/crowd.mjs")
	if err != nil {
		tb.Fatal(err)
	}
	// Node has a WebSocket of its own from version 22 on, and before that, by this flag, from 20.10 on.
	n := &scripted{
		crowd:   c,
		process: exec.Command("node", "--experimental-websocket", "--no-warnings", script, builtSDK(tb)),
		begins:  make(chan int),
		over:    make(chan error, 1),
		voices:  make([]*voice, c.Clients),
	}
	n.process.Stderr = os.Stderr
	if n.stdin, err = n.process.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	stdout, err := n.process.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	n.stdout = bufio.NewScanner(stdout)
	var urls, names []string
	for i := range c.Clients {
		f := &follower{name: c.chat(i % c.Channels), line: c.proxy.lines[i], of: 1}
		c.followers = append(c.followers, f)
		if i < c.Channels {
			n.voices[i] = &voice{script: n, client: i, name: fmt.Sprint("line-", i), offsets: map[int]uint64{}}
			c.speakers = append(c.speakers, n.voices[i])
		}
		urls, names = append(urls, c.proxy.url(i)), append(names, f.name)
	}
	if err := n.process.Start(); err != nil {
		tb.Fatal(err)
	}
	go n.listen()
	if err := n.tell(map[string]any{"urls": urls, "channels": names}); err != nil {
		tb.Fatal(err)
	}
	for range c.Clients {
		select {
		case <-n.begins:
		case err := <-n.over:
			tb.Fatal("Node has ended: ", err)
		case <-time.After(patience):
			tb.Fatal("the clients in Node do not connect")
		}
	}
	return n
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

// listen takes what Node tells until it ends.
func (n *scripted) listen() {
	var wrong error
	for n.stdout.Scan() {
		var e event
		if err := json.Unmarshal(n.stdout.Bytes(), &e); err != nil {
			wrong = errors.Join(wrong, err)
			continue
		}
		wrong = errors.Join(wrong, n.happened(&e))
	}
	n.over <- errors.Join(wrong, n.process.Wait())
}

func (n *scripted) happened(e *event) error {
	f := n.crowd.followers[e.Client]
	switch {
	case e.Begins != "":
		at, err := protocol.ParsePosition(e.Begins)
		f.begins = at.Offset
		f.live()
		n.begins <- e.Client
		return err
	case e.Live:
		f.live()
	case e.Offset > 0:
		f.message(storedOf(f.name, e.Offset, e.Text))
	case e.Stored > 0:
		v := n.voices[e.Client]
		v.mu.Lock()
		v.offsets[e.Number] = e.Stored
		v.mu.Unlock()
	default:
		f.fault(e.Fault)
	}
	return nil
}

// end lets Node end.
func (n *scripted) end() error {
	if err := n.stdin.Close(); err != nil {
		return err
	}
	select {
	case err := <-n.over:
		return err
	case <-time.After(patience):
		return errors.Join(errors.New("node does not end"), n.process.Process.Kill(), <-n.over)
	}
}

func TestNothingIsLostOrRepeatedInTypeScriptHoweverOftenConnectionsBreak(t *testing.T) {
	t.Parallel()
	node := startNode(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	s := shape{Name: "script", Clients: 200, Channels: 20, Interval: time.Second / 4, Lasts: 3 * time.Second, Weather: weather{Every: 3 * time.Second / 2, Lasts: 200 * time.Millisecond}}
	c, err := prepare(ctx, s, node.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.plain = nil // nobody listens
	script := startScript(t, c)
	r := c.run(ctx, nil)
	if err := errors.Join(script.end(), c.leave(ctx)); err != nil {
		t.Error(err)
	}
	if t.Log(r); !r.flawless() || r.Cuts == 0 {
		t.Error("that is not as it should be")
	}
	node.stop(t)
}
