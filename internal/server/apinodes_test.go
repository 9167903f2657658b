package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// managed is nodes of one NATS, whose server API is called with a key that may do everything.
type managed struct {
	t     *testing.T
	key   string
	nodes []*node
}

func startManaged(t *testing.T, names ...string) *managed {
	t.Helper()
	key, id, hash := auth.NewAPIKey()
	known, err := auth.ParseAPIKey("ops", id, hash, map[string]string{"#": "rwp"}, true)
	if err != nil {
		t.Fatal(err)
	}
	users, err := auth.NewSecret("", []byte("a secret of more than thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	kept, rest := policy.Default(), policy.Default()
	kept.Channels, kept.History.Count, kept.Slow, kept.Access = "kept/#", 1000, policy.SlowCatchUp, policy.Open
	rest.Access = policy.Open
	rules, err := policy.NewRules(kept, rest)
	if err != nil {
		t.Fatal(err)
	}
	m := &managed{t: t, key: key}
	nats := sharedNATS(t)
	for _, name := range names {
		m.nodes = append(m.nodes, start(t, sharing(nats, name), func(c *Config) {
			c.Rules, c.Hosts = rules, nil
			c.Auth = auth.Config{Keys: []auth.Key{users}, APIKeys: []auth.APIKey{known}}
		}))
	}
	until(t, func() bool {
		return !slices.ContainsFunc(m.nodes, func(n *node) bool { return len(n.cluster.Nodes()) < len(names) })
	})
	return m
}

// ask sends a request to the API of a node, and returns status and body.
func (m *managed) ask(node int, method, path, body string, headers ...string) (int, string) {
	m.t.Helper()
	r, err := http.NewRequestWithContext(patience(m.t), method, "http://"+m.nodes[node].HTTPAddr().String()+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+m.key)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	if resp.Header.Get("Idempotent-Replayed") != "" {
		return resp.StatusCode, "again " + string(b)
	}
	return resp.StatusCode, string(b)
}

// want is ask for what is answered with 200, into v if that is not nil.
func (m *managed) want(node int, method, path, body string, v any) string {
	m.t.Helper()
	status, got := m.ask(node, method, path, body)
	if status != http.StatusOK {
		m.t.Fatalf("%s %s: %d %s", method, path, status, got)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(got), v); err != nil {
			m.t.Fatal(err)
		}
	}
	return got
}

// subscribe has a client of a node hear a channel.
func (m *managed) subscribe(node int, channel string) *websocket.Conn {
	m.t.Helper()
	ws := m.nodes[node].dial("ws://" + m.nodes[node].HTTPAddr().String() + "/channels/" + channel)
	if err := ws.Write(patience(m.t), websocket.Text, []byte("hello")); err != nil {
		m.t.Fatal(err)
	}
	if _, _, err := ws.Read(patience(m.t)); err != nil { // then the connection is one that can be ended
		m.t.Fatal(err)
	}
	return ws
}

type listedConnections struct {
	Connections []struct{ ID, Node string }
	Next        string
	Unanswered  []string
}

func TestConnectionsOfAllNodesAreListedPageByPageAtAnyNode(t *testing.T) {
	m := startManaged(t, "a", "b", "c")
	want := map[string]int{"a": 2, "b": 0, "c": 3}
	for i, name := range []string{"a", "b", "c"} {
		for range want[name] {
			m.subscribe(i, "room/x")
		}
	}
	for limit := 1; limit <= 6; limit++ {
		seen, found, after := map[string]bool{}, map[string]int{}, ""
		for page := 0; ; page++ {
			var p listedConnections
			m.want(page%3, "GET", fmt.Sprintf("/v1/connections?limit=%d&channel=room/x&after=%s", limit, after), "", &p)
			if len(p.Connections) > limit || p.Unanswered != nil {
				t.Fatalf("limit %d: %+v", limit, p)
			}
			for _, c := range p.Connections {
				if seen[c.ID] {
					t.Errorf("limit %d: %s is listed twice", limit, c.ID)
				}
				seen[c.ID] = true
				found[c.Node]++
			}
			if after = p.Next; after == "" {
				break
			}
		}
		if found["a"] != 2 || found["b"] != 0 || found["c"] != 3 {
			t.Errorf("limit %d: found %v, want %v", limit, found, want)
		}
	}
}

func TestChannelsAndStatsAreTheSumOfAllNodes(t *testing.T) {
	m := startManaged(t, "a", "b")
	m.subscribe(0, "room/x")
	m.subscribe(1, "room/x")
	m.subscribe(1, "room/y")
	m.subscribe(0, "kept/z")
	m.subscribe(1, "kept/z")
	for i := range m.nodes {
		var p struct {
			Channels []struct {
				Channel     string
				Subscribers int
			}
		}
		m.want(i, "GET", "/v1/channels?limit=2", "", &p)
		if got := fmt.Sprint(p.Channels); got != "[{kept/z 2} {room/x 2}]" {
			t.Errorf("node %d lists %s", i, got)
		}
		m.want(i, "GET", "/v1/channels?limit=2&after=room/x", "", &p)
		if got := fmt.Sprint(p.Channels); got != "[{room/y 1}]" {
			t.Errorf("node %d goes on with %s", i, got)
		}
		var s struct {
			Connections struct{ Total int }
			Nodes       []struct {
				Name        string
				Connections struct{ Total int }
			}
		}
		m.want(i, "GET", "/v1/stats", "", &s)
		if s.Connections.Total != 5 || len(s.Nodes) != 2 || s.Nodes[0].Connections.Total+s.Nodes[1].Connections.Total != 5 {
			t.Errorf("node %d counts %+v", i, s)
		}
	}
}

func TestClientsOfAnyNodeAreDisconnectedAtAnyNode(t *testing.T) {
	m := startManaged(t, "a", "b")
	one, other := m.subscribe(0, "room/x"), m.subscribe(1, "room/x")
	var p listedConnections
	m.want(0, "GET", "/v1/connections", "", &p)
	for _, c := range p.Connections {
		at := 0 // the other node
		if c.Node == "a" {
			at = 1
		}
		if got := m.want(at, "POST", "/v1/disconnect", `{"connection":"`+c.ID+`","reason":"enough"}`, nil); got != "{\"disconnected\":1}\n" {
			t.Errorf("answered %s", got)
		}
	}
	for _, ws := range []*websocket.Conn{one, other} {
		var err error
		for err == nil { // the greetings of the others
			_, _, err = ws.Read(patience(t))
		}
		if !strings.Contains(err.Error(), "enough") {
			t.Errorf("ended with %v", err)
		}
	}
	if got := m.want(0, "POST", "/v1/disconnect", `{"connection":"elsewher-1"}`, nil); got != "{\"disconnected\":0}\n" {
		t.Errorf("a node that is not there: %s", got)
	}
	if got := m.want(0, "POST", "/v1/disconnect", `{"user":"nobody"}`, nil); got != "{\"disconnected\":0}\n" {
		t.Errorf("nobody: %s", got)
	}
}

func TestABroadcastReachesChannelsThatHaveSubscribersElsewhereOnly(t *testing.T) {
	m := startManaged(t, "a", "b")
	ws := m.subscribe(1, "kept/there")
	if got := m.want(0, "POST", "/v1/broadcast", `{"pattern":"kept/#","data":"all"}`, nil); got != "{\"channels\":1,\"failed\":[]}\n" {
		t.Errorf("answered %s", got)
	}
	if _, got, err := ws.Read(patience(t)); err != nil || string(got) != "all" {
		t.Errorf("heard %q, %v", got, err)
	}
}

func TestARequestWithAnIdempotencyKeyIsRunOnceByAllNodesTogether(t *testing.T) {
	m := startManaged(t, "a", "b", "c")
	for i := range 12 { // which have their keepers on all nodes
		key := fmt.Sprintf("Idempotency-Key: key-%d", i)
		body := fmt.Sprintf(`{"channel":"room/x","data":"%d"}`, i)
		status, first := m.ask(i%3, "POST", "/v1/publish", body, key)
		if status != 200 || strings.HasPrefix(first, "again") {
			t.Fatalf("first: %d %s", status, first)
		}
		for node := range m.nodes {
			until(t, func() bool { // the keeper is told when the answer is on its way already
				status, got := m.ask(node, "POST", "/v1/publish", body, key)
				if status == http.StatusConflict {
					return false
				}
				if status != 200 || got != "again "+first {
					t.Fatalf("at node %d again: %d %s", node, status, got)
				}
				return true
			})
		}
		if status, got := m.ask((i+1)%3, "POST", "/v1/publish", `{"channel":"room/x","data":"other"}`, key); status != 422 || !strings.Contains(got, "idempotency_reused") {
			t.Errorf("another request: %d %s", status, got)
		}
	}
	published := int64(0)
	for _, n := range m.nodes {
		published += n.store.channels.Counts().Published
	}
	if published != 12 {
		t.Errorf("published %d times", published)
	}
}

func TestANodeThatDoesNotAnswerIsNamed(t *testing.T) {
	m := startManaged(t, "a", "b")
	m.subscribe(1, "room/x")
	logs, err := broker.Open(patience(t), m.nodes[0].config.Broker)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := logs.Close(patience(t)); err != nil {
			t.Error(err)
		}
	}()
	mute, err := cluster.New(patience(t), cluster.Node{ID: cluster.NewID(), Name: "mute"}, logs.Connect, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := mute.Start(patience(t)); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return len(m.nodes[0].cluster.Nodes()) == 3 })
	for _, test := range []struct{ method, path, body, has string }{
		{"GET", "/v1/connections", "", `"node":"b"`},
		{"GET", "/v1/channels", "", `"room/x"`},
		{"GET", "/v1/stats", "", `"total":1`},
		{"POST", "/v1/disconnect", `{"user":"ada"}`, `"disconnected":0`},
		{"POST", "/v1/broadcast", `{"pattern":"room/#","data":"x"}`, `"channels":1`},
	} {
		if got := m.want(0, test.method, test.path, test.body, nil); !strings.Contains(got, `"unanswered":["mute"]`) || !strings.Contains(got, test.has) {
			t.Errorf("%s answers %s", test.path, got)
		}
	}
	mute.Close()
	until(t, func() bool { return len(m.nodes[0].cluster.Nodes()) == 2 })
	if got := m.want(0, "GET", "/v1/stats", "", nil); strings.Contains(got, "unanswered") {
		t.Errorf("a node that is gone is named: %s", got)
	}
}
