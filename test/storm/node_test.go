//go:build linux

package storm

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/gate"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// node is one holdfast serve, behind gates: one for clients, one for devices, and one for what is between nodes.
type node struct {
	name, dir string
	binary    string
	clocked   bool   // it has a clock of its own
	formation string // lines of its configuration
	key       apiKey
	drain     time.Duration

	http, mqtt, metrics     string // where it listens
	clients, devices, route *gate.Gate

	mu      sync.Mutex // guards what follows
	process *process
	ahead   time.Duration // of its clock, if it has one
	killed  record.Time   // when that happened the last time, on the clock of the journal
}

const (
	startTimeout = time.Minute
	stopTimeout  = time.Minute
)

// rules: what is below storm/ is kept for longer than any storm lasts, what is below calm/ is not kept.
const rules = `
channels:
  - pattern: storm/#
    history: {count: 10000000, age: 24h}
    presence: true
    access: {subscribe: anyone, publish: anyone, presence: anyone, history: anyone}
  - pattern: ready/#
    history: {count: 10, age: 24h}
    access: {subscribe: anyone, publish: anyone, history: anyone}
  - pattern: calm/#
    access: {subscribe: anyone, publish: anyone}
`

// secret is what tokens are signed with, and the certificates of nodes are made from.
const secret = "a secret of more than thirty-two bytes, for storms alone"

func (n *node) configuration() string {
	return fmt.Sprintf(`
listen: {http: %q, https: "", mqtt: %q, mqtts: "", metrics: %q, proxies: [127.0.0.1]}
data: {dir: %q}
auth:
  secret: %q
  api_keys: [{name: storm, id: %s, sha256: %s, manage: true}]
log: {format: text}
limits: {drain: %v, connections: 0, connections_per_address: 0, connections_per_user: 0, handshakes_per_address: 0,
  messages: 0, bytes: 0, messages_per_user: 0, bytes_per_user: 0}
`, n.http, n.mqtt, n.metrics, n.data(), secret, n.key.id, n.key.hash, n.drain) + n.formation + rules
}

func (n *node) url() string { return "ws://" + n.clients.Addr() + "/socket" }

// start starts the process, and returns when it answers.
func (n *node) start(ctx context.Context) error {
	file := filepath.Join(n.dir, "holdfast.yaml")
	if err := os.MkdirAll(n.data(), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(n.configuration()), 0o600); err != nil {
		return err
	}
	p, err := startProcess(n.log(), n.clocked, nil, n.binary, "serve", "--config", file)
	if err != nil {
		return err
	}
	n.mu.Lock()
	n.process = p
	ahead := n.ahead
	n.mu.Unlock()
	if n.clocked {
		if err := p.clock.set(ahead); err != nil {
			return err
		}
	}
	return n.await(ctx, "answer", func(ctx context.Context) error {
		_, err := n.usage(ctx)
		return err
	})
}

func (n *node) data() string { return filepath.Join(n.dir, "data") }

func (n *node) log() string { return filepath.Join(n.dir, "log") }

// await waits until the node does something.
func (n *node) await(ctx context.Context, what string, does func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := does(ctx)
		if err == nil {
			return nil
		}
		if !n.current().runs() {
			return fmt.Errorf("%s has ended, with %v, and was to %s: see %s", n.name, n.current().cmd.ProcessState, what, n.log())
		}
		if !sleep(ctx, 50*time.Millisecond) {
			return fmt.Errorf("%s does not %s: %w; see %s", n.name, what, errors.Join(err, ctx.Err()), n.log())
		}
	}
}

func (n *node) current() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.process
}

// stores returns nil when the node has taken a message into a log.
func (n *node) stores(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+n.http+"/channels/ready/"+n.name, strings.NewReader("is it?"))
	if err != nil {
		return err
	}
	resp, err := single.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		why, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return errors.Join(fmt.Errorf("%s: %s", resp.Status, why), err)
	}
	return nil
}

// ready returns nil when the node says that clients may be sent to it.
func (n *node) ready(ctx context.Context) error {
	_, _, err := get(ctx, "http://"+n.http+"/readyz")
	return err
}

// apiKey is what looks after the nodes.
type apiKey struct{ key, id, hash string }

// manage posts a request to the server API of the node.
func (n *node) manage(ctx context.Context, path, body string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+n.http+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+n.key.key)
	resp, err := single.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %.300s", path, body, resp.Status, said)
	}
	return err
}

// kill ends the node with no chance to say goodbye; a stopped one, too.
func (n *node) kill(now record.Time) error {
	n.mu.Lock()
	n.killed = now
	n.mu.Unlock()
	return n.current().end(os.Kill, stopTimeout)
}

// stop ends the node as a service manager would.
func (n *node) stop() error {
	err := n.current().end(syscall.SIGTERM, stopTimeout)
	if state := n.current().cmd.ProcessState; err == nil && !state.Success() {
		return fmt.Errorf("%s has ended with %v: see %s", n.name, state, n.log())
	}
	return err
}

// jump makes the node's clock that much later than the machine's.
func (n *node) jump(ahead time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ahead = ahead
	return n.process.clock.set(ahead)
}

// hasDied tells whether the process was killed after some time.
func (n *node) hasDied(since record.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.killed >= since && n.killed > 0
}

// usage asks what the node uses.
func (n *node) usage(ctx context.Context) (record.Record, error) {
	u := record.Record{What: record.Usage, Node: n.name}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+n.metrics+"/metrics", nil)
	if err != nil {
		return u, err
	}
	resp, err := single.Do(req)
	if err != nil {
		return u, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		var number float64
		if strings.HasPrefix(name, "#") || strings.Contains(name, "{") {
			continue
		}
		if _, err := fmt.Sscan(value, &number); err != nil {
			return u, err
		}
		switch name {
		case "process_open_fds":
			u.Files = int(number)
		case "go_goroutines":
			u.Goroutines = int(number)
		case "go_memstats_heap_alloc_bytes":
			u.HeapBytes = int64(number)
		case "process_resident_memory_bytes":
			u.ResidentBytes = int64(number)
		}
	}
	if u.Files == 0 || u.Goroutines == 0 {
		return u, fmt.Errorf("%s does not tell what it uses", n.name)
	}
	return u, lines.Err()
}

// sleep waits, and tells whether it has slept its time.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
