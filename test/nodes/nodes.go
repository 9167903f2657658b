// Package nodes starts processes of Holdfast that are one cluster, for tests that break them.
package nodes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Options say what the nodes are like beyond the usual.
type Options struct {
	// Config is YAML that the configuration of every node has at its end: sections other than listen, data, cluster,
	// auth and, if Channels is set, channels.
	Config string

	// Channels is YAML, the rules; "" for channels below chat/ that keep 1000 messages, and with presence, for everybody.
	Channels string

	// Auth is what the section auth has behind the secret, such as `, api_keys: [...]`.
	Auth string

	// Expected is how many nodes know of each other; 0 for all that are started. Others can be started later, with
	// Cluster.Add.
	Expected int

	Binary string   // the command; "" to build it
	Env    []string // beyond that of the test
}

// Secret is that of the cluster, and of tokens signed with HS256.
const Secret = "a secret of tests that has enough bytes"

const defaultChannels = `
  - pattern: chat/#
    history: {count: 1000, age: 1h}
    presence: true
    access: {subscribe: anyone, publish: anyone, presence: anyone, history: anyone}
  - pattern: "#"
    access: {subscribe: anyone, publish: anyone}
`

// patience is how long nodes may take to be ready, on a machine with much else to do.
const patience = 30 * time.Second

// Cluster is some nodes. They end with the test.
type Cluster struct {
	Nodes   []*Node
	options Options
	binary  string
	peers   []string
}

// Start starts n nodes on loopback that know of each other, and returns when all are ready.
func Start(t testing.TB, n int, o Options) *Cluster {
	t.Helper()
	c := &Cluster{options: o, binary: o.Binary}
	if c.binary == "" {
		c.binary = Build(t)
	}
	for range max(n, o.Expected) {
		c.peers = append(c.peers, freeAddr(t))
	}
	for range n {
		c.Add(t)
	}
	for _, node := range c.Nodes {
		node.AwaitReady(t)
	}
	return c
}

// Add starts one more node, which may not be ready yet.
func (c *Cluster) Add(t testing.TB) *Node {
	t.Helper()
	i := len(c.Nodes)
	listen := ""
	if i < len(c.peers) {
		listen = c.peers[i]
	} else {
		listen = freeAddr(t)
	}
	node := &Node{Name: fmt.Sprintf("n%d", i+1), Dir: t.TempDir(), HTTP: freeAddr(t), Route: listen, binary: c.binary, env: c.options.Env}
	node.config = filepath.Join(node.Dir, "holdfast.yaml")
	node.Log = filepath.Join(node.Dir, "log.txt")
	if err := os.WriteFile(node.config, []byte(c.configOf(node)), 0o600); err != nil {
		t.Fatal(err)
	}
	node.Start(t)
	t.Cleanup(func() {
		node.Kill(t)
		if t.Failed() {
			node.show(t)
		}
	})
	c.Nodes = append(c.Nodes, node)
	return node
}

func (c *Cluster) configOf(n *Node) string {
	channels := c.options.Channels
	if channels == "" {
		channels = defaultChannels
	}
	var b strings.Builder
	fmt.Fprintf(&b, "listen: {http: %q, proxies: [127.0.0.1]}\n", n.HTTP) // plain, which is allowed behind a proxy
	fmt.Fprintf(&b, "data: {dir: %q}\n", filepath.Join(n.Dir, "data"))
	fmt.Fprintf(&b, "cluster: {node: %s, listen: %q, peers: [%s], secret: %q, endpoints: [\"ws://%s\"]}\n",
		n.Name, n.Route, `"`+strings.Join(c.peers, `", "`)+`"`, Secret, n.HTTP)
	fmt.Fprintf(&b, "auth: {secret: %q%s}\nlog: {format: text}\nchannels:\n%s\n%s\n", Secret, c.options.Auth, strings.Trim(channels, "\n"), c.options.Config)
	return b.String()
}

// patient returns a context for one step of a test.
func patient(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(t.Context()), patience)
}
