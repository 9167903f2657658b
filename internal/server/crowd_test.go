package server

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// crowd is users on nodes of one NATS. The channels below room/ have presence.
type crowd struct {
	t     *testing.T
	key   auth.Key
	nodes []*node
}

func startCrowd(t *testing.T, limits policy.Limits, names ...string) *crowd {
	t.Helper()
	return startCrowdWith(t, limits, func(*Config) {}, names...)
}

// startCrowdWith is startCrowd with the rest of a configuration.
func startCrowdWith(t *testing.T, limits policy.Limits, change func(*Config), names ...string) *crowd {
	t.Helper()
	key, err := auth.NewSecret("", []byte("a secret of more than thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	room, rest := policy.Default(), policy.Default()
	room.Channels, room.Presence, room.Access = "room/#", true, policy.Open
	rest.Access = policy.Open
	rules, err := policy.NewRules(room, rest)
	if err != nil {
		t.Fatal(err)
	}
	c := &crowd{t: t, key: key}
	nats := sharedNATS(t)
	for _, name := range names {
		c.nodes = append(c.nodes, start(t, sharing(nats, name), change, func(cfg *Config) {
			cfg.Rules, cfg.Limits, cfg.Auth.Keys = rules, limits, []auth.Key{key}
		}))
	}
	until(t, func() bool {
		return !slices.ContainsFunc(c.nodes, func(n *node) bool { return len(n.cluster.Nodes()) < len(names) })
	})
	return c
}

// guest is a connection to /socket.
type guest struct {
	*websocket.Conn
	t       *testing.T
	session json.RawMessage
}

// token returns one of a user.
func (c *crowd) token(user, id string) string {
	c.t.Helper()
	now := time.Now()
	token, err := c.key.Sign(auth.Claims{User: user, TokenID: id, Issued: now.Add(-time.Second), Expires: now.Add(time.Hour)})
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}

// dial connects to a node.
func (c *crowd) dial(node int) *guest {
	c.t.Helper()
	ws, err := websocket.Dial(patience(c.t), "ws://"+c.nodes[node].HTTPAddr().String()+"/socket", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(ws.CloseNow)
	return &guest{Conn: ws, t: c.t}
}

// come connects a user to a node.
func (c *crowd) come(node int, user string) *guest {
	c.t.Helper()
	g := c.dial(node)
	g.connect(`"token":"` + c.token(user, "") + `"`)
	return g
}

// back connects to a node with the session of another connection.
func (c *crowd) back(node int, was *guest) *guest {
	c.t.Helper()
	g := c.dial(node)
	if answer := g.connect(`"session":` + string(was.session)); !strings.Contains(answer, `"resumed":true`) {
		c.t.Fatalf("the session does not go on: %s", answer)
	}
	return g
}

func (g *guest) say(message string) {
	g.t.Helper()
	if err := g.Write(patience(g.t), websocket.Text, []byte(message)); err != nil {
		g.t.Fatal(err)
	}
}

// hear reads up to a message that has a part, and returns it.
func (g *guest) hear(part string) string {
	g.t.Helper()
	for {
		_, got, err := g.Read(patience(g.t))
		if err != nil {
			g.t.Fatalf("waiting for %s: %v", part, err)
		}
		if strings.Contains(string(got), part) {
			return string(got)
		}
	}
}

func (g *guest) connect(with string) string {
	g.t.Helper()
	g.say(`{"id":1,"connect":{` + with + `}}`)
	answer := g.hear(`"id":1`)
	var greeting struct {
		OK struct {
			Session json.RawMessage `json:"session"`
		} `json:"ok"`
	}
	if err := json.Unmarshal([]byte(answer), &greeting); err != nil {
		g.t.Fatal(err)
	}
	g.session = greeting.OK.Session
	return answer
}

// enter subscribes to a room.
func (g *guest) enter() {
	g.t.Helper()
	g.say(`{"id":2,"subscribe":{"channel":"room/a","sub":1,"presence":true}}`)
	g.hear(`"live"`)
}

// listen reads whatever comes until the end, so that it is answered when the server closes the connection.
func (g *guest) listen() {
	over := make(chan struct{})
	go func() {
		defer close(over)
		for {
			if _, _, err := g.Read(context.Background()); err != nil {
				return
			}
		}
	}()
	g.t.Cleanup(func() {
		g.CloseNow()
		<-over
	})
}

// wantClose reads to the end.
func (g *guest) wantClose(code protocol.CloseCode) {
	g.t.Helper()
	for {
		_, _, err := g.Read(patience(g.t))
		if err == nil {
			continue
		}
		if got := websocket.CloseCodeOf(err); got != websocket.CloseCode(code) {
			g.t.Errorf("the connection ended with %v, not %d", err, code)
		}
		return
	}
}

// wantUsers waits until each node knows so many in the room.
func (c *crowd) wantUsers(n int, nodes ...int) {
	c.t.Helper()
	for _, node := range nodes {
		until(c.t, func() bool {
			users, _ := c.nodes[node].presence.Count("room/a")
			return users == n
		})
	}
}

func TestAllNodesKnowWhoIsThere(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, policy.Limits{}, "a", "b", "c")
	watcher := c.come(2, "eve")
	watcher.enter()
	ada := c.come(0, "ada")
	ada.enter()
	watcher.hear(`"join":[{"user":"ada"`)
	bob := c.come(1, "bob")
	bob.enter()
	watcher.hear(`"join":[{"user":"bob"`)
	c.wantUsers(3, 0, 1, 2)
	ada.say(`{"id":3,"presence":{"channel":"room/a"}}`)
	if roster := ada.hear(`"id":3`); !strings.Contains(roster, `"bob"`) || !strings.Contains(roster, `"eve"`) {
		t.Errorf("the roster on the first node is %s", roster)
	}
	if err := ada.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	watcher.hear(`"leave":[{"user":"ada"`)
	bob.listen()
	if err := c.nodes[1].Shutdown(patience(t), "leaving"); err != nil {
		t.Error(err)
	}
	watcher.hear(`"leave":[{"user":"bob"`)
	c.wantUsers(1, 0, 2)
}

func TestASessionThatMovesOverThreeNodesIsMissedByNobody(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, policy.Limits{}, "a", "b", "c")
	watcher, eve := c.come(2, "watcher"), c.come(0, "eve")
	watcher.enter()
	eve.enter()
	watcher.hear(`"join":[{"user":"eve"`)
	before := c.come(0, "ada")
	before.enter()
	watcher.hear(`"join":[{"user":"ada"`)
	for _, node := range []int{1, 2, 1, 0} {
		now := c.back(node, before)
		now.enter()
		before.wantClose(protocol.CloseTakenOver)
		before = now
	}
	if err := eve.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	if told := watcher.hear(`"presence"`); !strings.Contains(told, `"leave":[{"user":"eve"`) || strings.Contains(told, "ada") {
		t.Errorf("the next that is told is %s", told)
	}
}

func TestWhoIsToldToMoveToAnotherNodeHasTimeToLeave(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, policy.Limits{ConnectionsPerUser: 1}, "a", "b")
	old := c.come(0, "ada")
	c.nodes[0].clients.Move(patience(t), session.Moving{Advise: func() session.Advice { return session.Advice{Why: protocol.WhyBalance} }})
	old.hear(`"move"`)
	now := c.back(1, old)
	now.enter()
	c.wantUsers(1, 0)
	old.say(`{"id":9,"publish":{"channel":"plain","data":"still here"}}`)
	old.hear(`"id":9`)
	if err := old.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Error(err)
	}
	now.say(`{"id":9,"ping":{}}`)
	now.hear(`"id":9`)
}

func TestConnectionsOfAUserAreCountedOverNodesAndThoseOfANodeThatGoesNoMore(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, policy.Limits{ConnectionsPerUser: 2}, "a", "b")
	first := c.come(0, "ada")
	refused := func(node int) (refused bool) {
		g := c.dial(node)
		defer g.CloseNow()
		return strings.Contains(g.connect(`"token":"`+c.token("ada", "")+`"`), `"rate_limited"`)
	}
	c.come(1, "ada").listen()
	until(t, func() bool { return refused(0) && refused(1) })
	c.come(0, "bob")
	c.back(1, first).listen() // which takes the place of the first
	first.wantClose(protocol.CloseTakenOver)
	until(t, func() bool { return refused(0) && refused(1) })
	if err := c.nodes[1].Shutdown(patience(t), "leaving"); err != nil {
		t.Error(err)
	}
	until(t, func() bool { return !refused(0) })
}

func TestWhatIsRevokedOnOneNodeEndsOnAll(t *testing.T) {
	t.Parallel()
	c := startCrowd(t, policy.Limits{}, "a", "b")
	for name, revocation := range map[string]func(session string) auth.Revocation{
		"user":    func(string) auth.Revocation { return auth.Revocation{User: "ada"} },
		"token":   func(string) auth.Revocation { return auth.Revocation{TokenID: "t"} },
		"session": func(session string) auth.Revocation { return auth.Revocation{Session: session} },
	} {
		var all []*guest
		for node := range c.nodes {
			g := c.dial(node)
			g.connect(`"token":"` + c.token(map[string]string{"user": "ada", "token": "bob", "session": "eve"}[name], name[:1]) + `"`)
			all = append(all, g)
		}
		var of struct{ ID string }
		if err := json.Unmarshal(all[1].session, &of); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := c.nodes[0].ids.revoked.Revoke(patience(t), revocation(of.ID)); err != nil {
			t.Fatal(err)
		}
		for node, g := range all {
			if name != "session" || node == 1 {
				g.wantClose(protocol.CloseDisconnected)
			}
		}
		t.Logf("the %s was out everywhere after %v", name, time.Since(began))
		if name == "session" {
			again := c.dial(0)
			if answer := again.connect(`"session":` + string(all[1].session)); strings.Contains(answer, `"resumed":true`) {
				t.Errorf("a session that has been revoked goes on elsewhere: %s", answer)
			}
		}
	}
}
