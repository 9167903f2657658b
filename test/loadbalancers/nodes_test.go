package loadbalancers

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/certs/certstest"
)

// nodes are three nodes that share their channels, and what clients and balancers need to know of them.
type nodes struct {
	all       []*member
	trusts    *tls.Config // for clients
	cert, key string      // files
	apiKey    string
}

// member is one of the nodes.
type member struct {
	*process
	config  string            // a file
	at      map[string]string // its addresses, by the ports that the files of deploy/ name
	metrics string
}

// startNodes starts three nodes with a line about where to listen, which is the one that a file of deploy/ shows. They keep their
// logs themselves, or on a NATS server, which is less work for this machine.
func startNodes(t *testing.T, listen string, embedded bool) *nodes {
	t.Helper()
	authority := certstest.New(t)
	n := &nodes{trusts: &tls.Config{RootCAs: authority.Pool(), ServerName: "localhost"}}
	n.cert, n.key = certstest.WritePair(t, t.TempDir(), authority.Issue(nil))
	key, id, hash := auth.NewAPIKey()
	n.apiKey = key
	together := shared(t, embedded)
	for i := range 3 {
		dir := t.TempDir()
		m := &member{at: map[string]string{}, metrics: freeAddr(t)}
		listens := regexp.MustCompile(`":(\d+)"`).ReplaceAllStringFunc(listen, func(port string) string {
			port = strings.Trim(port, `":`)
			m.at[port] = freeAddr(t)
			return strconv.Quote(m.at[port])
		})
		listens = strings.Replace(listens, "10.0.0.10", "127.0.0.1", 1)
		certificates := ""
		if strings.Contains(listens, "https:") {
			certificates = fmt.Sprintf(`tls: {certificates: [%q], keys: [%q]}`, n.cert, n.key)
		}
		m.config = write(t, dir, "holdfast.yaml", `
%s, metrics: "%s"}
%s
auth: {api_keys: [{name: test, id: "%s", sha256: "%s", manage: true}]}
data: {dir: "%s"}
%s
limits: {connections_per_address: 0, handshakes_per_address: 0, drain: 3s}
channels:
  - pattern: chat/#
    history: {count: 10000}
    access: {subscribe: anyone, publish: anyone, history: anyone}
  - pattern: live
    access: {subscribe: anyone, publish: anyone}
`, strings.TrimSuffix(listens, "}"), m.metrics, certificates, id, hash, dir, together[i])
		m.start(t)
		n.all = append(n.all, m)
	}
	for _, m := range n.all {
		m.awaitReady()
	}
	return n
}

// start starts the node, or starts it again.
func (m *member) start(t *testing.T) { m.process = start(t, binary, "serve", "--config", m.config) }

func (m *member) awaitReady() {
	m.t.Helper()
	m.awaitListening(m.metrics)
	for _, addr := range m.at {
		m.awaitListening(addr)
	}
	eventually(m.t, "a node is ready", func() bool {
		_, ready := m.gauges()
		return ready
	})
}

// shared returns what the configuration of each of three nodes says about the others.
func shared(t *testing.T, embedded bool) (lines [3]string) {
	t.Helper()
	if !embedded {
		line := fmt.Sprintf("broker: {url: %q}", sharedLog(t))
		return [3]string{line, line, line}
	}
	peers := []string{freeAddr(t), freeAddr(t), freeAddr(t)}
	for i, addr := range peers {
		lines[i] = fmt.Sprintf("cluster: {node: n%d, listen: %q, peers: [%s], secret: a secret of more than thirty-two bytes}", i, addr, strings.Join(peers, ", "))
	}
	return lines
}

// sharedLog starts a NATS server, on which nodes share what they keep, and returns its URL.
func sharedLog(t *testing.T) string {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{
		Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: t.TempDir(), SyncInterval: time.Hour, MaxPayload: 2 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server does not start")
	}
	return s.ClientURL()
}

var gauges = regexp.MustCompile(`(?m)^(holdfast_connections|holdfast_ready) (\d+)$`)

// gauges returns what a node says of itself: how many clients it has, and whether it is ready.
func (m *member) gauges() (connections int, ready bool) {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+m.metrics+"/metrics", nil)
	if err != nil {
		m.t.Fatal(err)
	}
	resp, err := plain.Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	found := gauges.FindAllSubmatch(body, -1)
	if len(found) != 2 {
		m.t.Fatalf("the node does not say how it is: %s", body)
	}
	if connections, err = strconv.Atoi(string(found[0][2])); err != nil {
		m.t.Fatal(err)
	}
	return connections, string(found[1][2]) == "1"
}

func (m *member) clients() int {
	connections, _ := m.gauges()
	return connections
}

// plain asks nodes for their metrics.
var plain = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// connections returns how many clients each node has.
func (n *nodes) connections() (counts []int, total int) {
	for _, m := range n.all {
		count := m.clients()
		counts = append(counts, count)
		total += count
	}
	return counts, total
}

// awaitConnections waits until the nodes together have so many clients.
func (n *nodes) awaitConnections(t *testing.T, want int) (counts []int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the nodes have %d connections", want), func() bool {
		var total int
		counts, total = n.connections()
		return total == want
	})
	return counts
}
