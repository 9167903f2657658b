//go:build linux

package storm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/test/storm/gate"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// The formations in which nodes can be.
const (
	alone   = "alone"   // one node, with its own log
	shared  = "shared"  // three nodes on one NATS server in a process of its own
	cluster = "cluster" // three nodes that are a cluster by themselves
)

// fleet is the nodes of a storm. They have the same names, addresses and directories however often they are started.
type fleet struct {
	formation string
	nodes     []*node
	nats      *process // with the formation shared
}

// assemble starts the nodes of a formation, below a directory, until the end of the test.
func assemble(tb testing.TB, formation, dir, binary string, kinds []kind, p pace) *fleet {
	tb.Helper()
	f := &fleet{formation: formation}
	var key apiKey
	key.key, key.id, key.hash = auth.NewAPIKey()
	count := 3
	if formation == alone {
		count = 1
	}
	for i := range count {
		n := &node{name: fmt.Sprintf("n%d", i+1), binary: binary, key: key, drain: p.drain, http: freeAddr(tb), mqtt: freeAddr(tb), metrics: freeAddr(tb)}
		n.dir, n.clocked = filepath.Join(dir, n.name), slices.Contains(kinds, jump)
		if slices.Contains(kinds, fullDisk) {
			mountDisk(tb, n.data())
		}
		n.clients, n.devices = startGate(tb, n.http, nil), startGate(tb, n.mqtt, nil)
		f.nodes = append(f.nodes, n)
	}
	tb.Cleanup(func() { f.end(tb) })
	switch formation {
	case shared:
		f.share(tb, dir)
	case cluster:
		f.federate(tb)
	}
	if err := f.start(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return f
}

func startGate(tb testing.TB, target string, whose func(*net.TCPConn) string) *gate.Gate {
	tb.Helper()
	g, err := gate.Start(freeAddr(tb), target, whose)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := g.Close(); err != nil {
			tb.Error(err)
		}
	})
	return g
}

// share starts a NATS server. Each node's way to it has a gate.
func (f *fleet) share(tb testing.TB, dir string) {
	tb.Helper()
	addr := freeAddr(tb)
	var err error
	f.nats, err = startProcess(filepath.Join(dir, "nats.log"), false, []string{roleEnv + "=nats", natsAddrEnv + "=" + addr, natsDirEnv + "=" + filepath.Join(dir, "nats")}, os.Args[0])
	if err != nil {
		tb.Fatal(err)
	}
	for up := false; !up; { // nodes give up soon if there is none
		conn, err := net.Dial("tcp", addr)
		if up = err == nil; up {
			conn.Close()
		} else if !f.nats.runs() || !sleep(tb.Context(), 20*time.Millisecond) {
			tb.Fatal("the NATS server does not start: ", err)
		}
	}
	for _, n := range f.nodes {
		n.route = startGate(tb, addr, nil)
		n.formation = fmt.Sprintf("broker: {url: %q}\ncluster: {node: %s, endpoints: [%q]}\n", "nats://"+n.route.Addr(), n.name, "ws://"+n.clients.Addr())
	}
}

// federate has the nodes know each other. What others open to a node goes through its gate, which knows by whom.
func (f *fleet) federate(tb testing.TB) {
	tb.Helper()
	var peers []string
	var listens []string
	for _, n := range f.nodes {
		listen := freeAddr(tb)
		n.route = startGate(tb, listen, f.whose)
		peers, listens = append(peers, n.route.Addr()), append(listens, listen)
	}
	for i, n := range f.nodes {
		n.formation = fmt.Sprintf("cluster: {name: storm, node: %s, listen: %q, advertise: %q, peers: [%q, %q, %q], secret: %q, endpoints: [%q]}\n",
			n.name, listens[i], n.route.Addr(), peers[0], peers[1], peers[2], secret, "ws://"+n.clients.Addr())
	}
}

// whose tells which node has opened a connection.
func (f *fleet) whose(conn *net.TCPConn) string {
	for _, n := range f.nodes {
		if p := n.current(); p != nil && p.runs() && holds(p.cmd.Process.Pid, conn.RemoteAddr().(*net.TCPAddr)) {
			return n.name
		}
	}
	return ""
}

// start starts all nodes, and returns when each stores what is published.
func (f *fleet) start(ctx context.Context) error {
	var starting errgroup.Group
	for _, n := range f.nodes {
		starting.Go(func() error { return n.start(ctx) })
	}
	if err := starting.Wait(); err != nil {
		return err
	}
	return f.settle(ctx)
}

// settle waits until each node stores what is published, says that it is ready, and, in a cluster, has caught up.
func (f *fleet) settle(ctx context.Context) error {
	var settling errgroup.Group
	for _, n := range f.nodes {
		settling.Go(func() error {
			if err := n.await(ctx, "store", n.stores); err != nil {
				return err
			}
			return n.await(ctx, "get ready", n.ready)
		})
	}
	if err := settling.Wait(); err != nil || f.formation != cluster {
		return err
	}
	first := f.nodes[0]
	return first.await(ctx, "see all nodes have all logs", func(ctx context.Context) error { return f.whole(ctx, first) })
}

// end kills what still runs.
func (f *fleet) end(tb testing.TB) {
	tb.Helper()
	var ending []error
	for _, n := range f.nodes {
		if p := n.current(); p != nil {
			ending = append(ending, p.end(os.Kill, stopTimeout))
		}
	}
	if f.nats != nil {
		ending = append(ending, f.nats.end(os.Kill, stopTimeout))
	}
	if err := errors.Join(ending...); err != nil {
		tb.Error(err)
	}
}

// urls returns the endpoints of clients, beginning with the i-th node's.
func (f *fleet) urls(i int) (urls []string) {
	for k := range f.nodes {
		urls = append(urls, f.nodes[(i+k)%len(f.nodes)].url())
	}
	return urls
}

// at returns the node of an endpoint, or nil.
func (f *fleet) at(url string) *node {
	for _, n := range f.nodes {
		if n.url() == url || n.url() == url+"/socket" {
			return n
		}
	}
	return nil
}

// hold lets nothing pass between a node and the others; release ends that.
func (f *fleet) hold(n *node) {
	n.route.Shut()
	for _, other := range f.nodes {
		if other != n && f.formation == cluster {
			other.route.ShutOut(n.name)
		}
	}
}

func (f *fleet) release(n *node) {
	n.route.Open()
	for _, other := range f.nodes {
		if other != n && f.formation == cluster {
			other.route.LetIn(n.name)
		}
	}
}

// usage writes down what each node uses.
func (f *fleet) usage(ctx context.Context, to *record.Journal, final bool) error {
	for _, n := range f.nodes {
		u, err := n.usage(ctx)
		if err != nil {
			return err
		}
		u.Final = final
		to.Add(u)
	}
	return nil
}

// freeAddr returns an address that nobody listens on, and that no connection gets while a node is away: the port is
// below those that the system gives to connections.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	for range 100 {
		addr := fmt.Sprint("127.0.0.1:", 15_000+rand.IntN(15_000))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			tb.Fatal(err)
		}
		return addr
	}
	tb.Fatal("no port is free")
	return ""
}

func splitAddr(addr string) (host string, port int, err error) {
	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return "", 0, err
	}
	return at.IP.String(), at.Port, nil
}
