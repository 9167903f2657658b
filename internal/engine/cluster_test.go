package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

const patience = 20 * time.Second

var secret = []byte("a secret with more than enough bytes")

// member is a node of a cluster in this process.
type member struct {
	*Engine
	config Config
	said   *lines
}

// lines is what a node has logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// freeAddr returns an address on which nobody listens, of none of the ports that the system gives out.
func freeAddr(t testing.TB) string {
	t.Helper()
	const first, count, tries = 20_000, 10_000, 100
	for range tries {
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(count))))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no port is free")
	return ""
}

// configs returns those of n nodes that know of each other.
func configs(t testing.TB, n int) []Config {
	t.Helper()
	peers := make([]string, n)
	for i := range peers {
		peers[i] = freeAddr(t)
	}
	all := make([]Config, n)
	for i := range all {
		all[i] = Config{
			Dir: t.TempDir(), MaxRecordBytes: 1 << 20, SyncInterval: time.Hour,
			Cluster: &Cluster{Name: "test", Node: string(rune('a' + i)), Listen: peers[i], Peers: peers, Secret: secret},
		}
	}
	return all
}

// startNode starts a node that ends with the test.
func startNode(t testing.TB, c Config) *member {
	t.Helper()
	said := &lines{}
	c.Log = slog.New(slog.NewTextHandler(said, nil))
	e, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	m := &member{e, c, said}
	t.Cleanup(func() {
		m.stop(t)
		if t.Failed() {
			t.Logf("node %s said:\n%s", c.Cluster.Node, said)
		}
	})
	return m
}

// stop ends the node, once.
func (m *member) stop(t testing.TB) {
	if m.Engine == nil {
		return
	}
	if err := m.Stop(); err != nil {
		t.Error(err)
	}
	m.Engine = nil
}

func startAll(t testing.TB, all []Config) []*member {
	t.Helper()
	members := make([]*member, len(all))
	for i, c := range all {
		members[i] = startNode(t, c)
	}
	return members
}

func await(t testing.TB, m *member) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := m.AwaitQuorum(ctx); err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestThreeNodesAgreeOnWhoLeads(t *testing.T) {
	members := startAll(t, configs(t, 3))
	for _, m := range members {
		await(t, m)
	}
	eventually(t, "all three belong to it and say the same", func() bool {
		leaders := map[string]bool{}
		for _, m := range members {
			s := m.Membership()
			if s.Known != 3 || s.Needed != 2 || s.Connected != 2 {
				return false
			}
			leaders[s.Leader] = true
		}
		return len(leaders) == 1
	})
}

func TestTwoOfThreeAreEnoughToBegin(t *testing.T) {
	all := configs(t, 3)
	first := startAll(t, all[:2])
	await(t, first[0])
	third := startNode(t, all[2])
	await(t, third)
	eventually(t, "the third is one of them", func() bool { return first[0].Membership().Known == 3 && third.Membership().Known == 3 })
}

func TestOneOfThreeAloneIsNotEnough(t *testing.T) {
	m := startNode(t, configs(t, 3)[0])
	ctx, cancel := context.WithTimeout(t.Context(), 3*maxElection)
	defer cancel()
	err := m.AwaitQuorum(ctx)
	if want := "no majority of the nodes came together (there were 1 with this one, and 2 are needed)"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("it says %v", err)
	}
	if !strings.Contains(m.said.String(), "waiting for other nodes of the cluster") {
		t.Errorf("the log says\n%s", m.said)
	}
}

func TestANodeIsAClusterOfItsOwnIfItIsTheOnlyOneNamed(t *testing.T) {
	all := configs(t, 1)
	m := startNode(t, all[0])
	await(t, m)
	if s := m.Membership(); s != (Membership{Leader: "a", Connected: 0, Known: 1, Needed: 1}) {
		t.Errorf("it says %+v", s)
	}
	m.stop(t)
	await(t, startNode(t, all[0])) // again
}

func TestANodeThatNamesOnlyAnotherBeginsNoClusterOfItsOwnAndJoinsWhenThatOneComes(t *testing.T) {
	all := configs(t, 3)
	one := all[0].Cluster.Peers[:1]
	for _, c := range all {
		c.Cluster.Peers = one
	}
	second := startNode(t, all[1])
	ctx, cancel := context.WithTimeout(t.Context(), 3*maxElection)
	defer cancel()
	if err := second.AwaitQuorum(ctx); !errors.Is(err, ErrNoQuorum) {
		t.Fatalf("with nobody else there, it says %v", err)
	}
	if said := second.said.String(); !strings.Contains(said, "not this node's own, so it begins none") {
		t.Errorf("the log says\n%s", said)
	}
	first := startNode(t, all[0])
	await(t, first)
	await(t, second)
	third := startNode(t, all[2])
	await(t, third)
	eventually(t, "three are one cluster", func() bool {
		return first.Membership().Known == 3 && second.Membership().Known == 3 && third.Membership().Known == 3
	})
}

func TestWhetherTheOnlyAddressIsTheNodesOwn(t *testing.T) {
	for _, test := range []struct {
		peers, listen, advertise string
		alone                    bool
	}{
		{"a.internal:6222", ":6222", "", true}, // by its name
		{"a:6222", ":6222", "", true},
		{"127.0.0.1:6222", ":6222", "", true},
		{"localhost:6222", ":6222", "", true},
		{"nodes:6222", ":6222", "nodes:6222", true},
		{"127.0.0.1:6222", "127.0.0.1:6223", "", false}, // another on this machine
		{"nodes:6222", ":6222", "a.nodes:6222", false},  // a name for all
		{"b.internal:6222", ":6222", "", false},
		{"192.0.2.1:6222", ":6222", "", false},
		{"a:6222 b:6222", ":6222", "", false},
	} {
		c := Cluster{Node: "a", Peers: strings.Fields(test.peers), Listen: test.listen, Advertise: test.advertise}
		if c.alone() != test.alone {
			t.Errorf("peers %s of a node that listens on %q and advertises %q: alone is %v", test.peers, test.listen, test.advertise, c.alone())
		}
	}
}

func TestWhoDoesNotHaveTheSecretIsRefusedAndBothSay(t *testing.T) {
	all := configs(t, 3)
	all[2].Cluster.Secret = []byte("another secret, which has enough bytes too")
	members := startAll(t, all)
	await(t, members[0])
	stranger := members[2]
	said := func(m *member) func() bool {
		return func() bool {
			return strings.Contains(m.said.String(), "can't prove that it belongs to the cluster; give both the same cluster.secret")
		}
	}
	eventually(t, "the stranger says why it is refused", said(stranger))
	eventually(t, "a node says why it refuses", said(members[0]))
	if s := stranger.Membership(); s.Leader != "" || s.Connected != 0 {
		t.Errorf("the stranger is in: %+v", s)
	}
	if strings.Contains(members[0].said.String()+stranger.said.String(), string(secret[:8])) {
		t.Error("the secret is in the log")
	}
}

func TestAnAddressThatIsTakenIsToldWithWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	c := configs(t, 1)[0]
	c.Cluster.Listen, c.Log = l.Addr().String(), slog.New(slog.DiscardHandler)
	_, err = Start(t.Context(), c)
	if want := fmt.Sprintf("cannot listen on %s for other nodes: ", l.Addr()); err == nil || !strings.HasPrefix(err.Error(), want) || !strings.Contains(err.Error(), "cluster.listen") {
		t.Errorf("it says %v", err)
	}
}

func TestAllNodesMakeTheSameKeysOfASecretAndOtherClustersOthers(t *testing.T) {
	var seen [][]byte
	for _, from := range []struct{ secret, cluster string }{{string(secret), "a"}, {string(secret), "b"}, {"another secret with more than enough bytes", "a"}} {
		k, err := deriveKeys([]byte(from.secret), from.cluster)
		if err != nil {
			t.Fatal(err)
		}
		again, err := deriveKeys([]byte(from.secret), from.cluster)
		if err != nil || !bytes.Equal(again.authority, k.authority) || !bytes.Equal(again.route, k.route) {
			t.Errorf("the keys differ (%v)", err)
		}
		for _, key := range [][]byte{k.authority, k.route} {
			if slices.ContainsFunc(seen, func(other []byte) bool { return bytes.Equal(other, key) }) {
				t.Errorf("%+v has a key of another one", from)
			}
			seen = append(seen, key)
		}
	}
}

func TestElectionsAreHastened(t *testing.T) {
	if !hasten() {
		t.Error("the variables of nats-server have other names")
	}
	if raftMinElection != minElection || raftMaxElection != maxElection || raftHeartbeat != heartbeat {
		t.Errorf("elections take %s to %s, with a heartbeat each %s", raftMinElection, raftMaxElection, raftHeartbeat)
	}
}

func TestNobodyElseOnTheMachineGetsIntoTheEngine(t *testing.T) {
	m := startNode(t, configs(t, 1)[0])
	at := m.server.Addr().String()
	for _, options := range [][]nats.Option{nil, {nats.UserInfo(logsUser, "")}, {nats.UserInfo(systemUser, "a guess")}, {nats.Token("a guess")}} {
		conn, err := nats.Connect("nats://"+at, options...)
		if err == nil {
			conn.Close()
		}
		if !errors.Is(err, nats.ErrAuthorization) {
			t.Errorf("a stranger with %d options is answered %v", len(options), err)
		}
	}
	conn, err := m.Connect()
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
