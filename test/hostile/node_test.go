package hostile

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/websocket"
)

// node is a server in the clear, with all that a client may be refused for, and two bystanders.
type node struct {
	t    *testing.T
	srv  *server.Server
	addr string
	log  *recorder

	mu             sync.Mutex // guards what follows
	speaker, other *websocket.Conn
	said           int
}

const (
	maxMessage = 10_000
	host       = "holdfast.test" // that the node goes by
)

// newNode starts a server; change may be nil.
func newNode(t *testing.T, change func(*server.Config)) *node {
	t.Helper()
	n := &node{t: t, log: new(recorder)}
	log := slog.New(n.log)
	config := server.Config{
		HTTP: "127.0.0.1:0", Hosts: []string{host}, Origins: []string{"https://*.app.example", "http://localhost:*"},
		Rules: rulesOf(t), MaxMessageBytes: maxMessage, NoChat: true,
		Auth: vouchers, Sources: auth.Sources{Cookie: "id"},
		// Synced at the end only: nats-server 2.15.2 has a data race when a new stream is synced for the first time.
		Broker: broker.Config{Dir: t.TempDir(), SyncInterval: time.Hour, Log: log},
		Log:    log,
	}
	if change != nil {
		change(&config)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var err error
	if n.srv, err = server.Listen(ctx, config); err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- n.srv.Serve() }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := errors.Join(n.srv.Shutdown(ctx, "test over"), <-served); err != nil {
			t.Error(err)
		}
	})
	n.addr = n.srv.HTTPAddr().String()
	n.speaker, n.other = n.bystander(), n.bystander()
	n.flows(t)
	return n
}

// rulesOf returns rules with each circle of clients, and one of each limit.
func rulesOf(t *testing.T) *policy.Rules {
	t.Helper()
	rule := func(pattern string, access policy.Access, change func(*policy.Rule)) policy.Rule {
		r := policy.Default()
		p, owner, err := policy.ParseChannels(pattern)
		if err != nil {
			t.Fatal(err)
		}
		r.Channels, r.Owner, r.Access = p, owner, access
		if change != nil {
			change(&r)
		}
		return r
	}
	all := func(who policy.Who) policy.Access {
		return policy.Access{Subscribe: who, Publish: who, Presence: who, History: who}
	}
	rules, err := policy.NewRules(
		rule("bystanders", policy.Open, nil),
		rule("open/#", policy.Open, nil),
		rule("small/#", policy.Open, func(r *policy.Rule) { r.MaxMessageBytes = 100 }),
		rule("seldom/#", policy.Open, func(r *policy.Rule) { r.Rate = policy.Rate{PerSecond: 0.001, Burst: 1} }),
		rule("present/#", policy.Access{Subscribe: policy.Anyone}, func(r *policy.Rule) { r.Presence = true }),
		rule("kept/#", policy.Open, func(r *policy.Rule) { r.History.Count, r.Slow = 100, policy.SlowCatchUp }),
		rule("unread/#", policy.Access{Subscribe: policy.Anyone, Publish: policy.Anyone}, func(r *policy.Rule) { r.History.Count, r.Slow = 100, policy.SlowCatchUp }),
		rule("news/#", policy.Access{Subscribe: policy.Anyone}, nil),
		rule("users/#", all(policy.Users), nil),
		rule("inbox/{user}", all(policy.Users), nil),
		rule("dead/#", all(policy.Nobody), nil),
	)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// bystander connects somebody who does nothing wrong.
func (n *node) bystander() *websocket.Conn {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := websocket.Dial(ctx, "ws://"+n.addr+"/channels/bystanders?echo=false", nil)
	if err != nil {
		n.t.Fatal("a bystander can't connect: ", err)
	}
	n.t.Cleanup(c.CloseNow)
	return c
}

// flows checks that a message gets from one bystander to the other.
func (n *node) flows(t *testing.T) {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.said++
	word := strconv.Itoa(n.said)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.speaker.Write(ctx, websocket.Text, []byte(word)); err != nil {
		t.Fatal("a bystander can't speak: ", err)
	}
	if _, got, err := n.other.Read(ctx); err != nil || string(got) != word {
		t.Fatalf("the other bystander heard %q, %v; want %q", got, err, word)
	}
}

// signing is the key of the tokens that count.
var signing = func() auth.Key {
	key, err := auth.NewPrivateKey("good", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		panic(err) // the seed has the right length
	}
	return key
}()

// vouchers are who the nodes trust.
var vouchers = auth.Config{
	Keys: []auth.Key{signing}, Issuers: []string{"https://id.example"}, Audiences: []string{"holdfast"},
	Leeway: 30 * time.Second, MaxLifetime: 24 * time.Hour,
}

// adas are the claims of a good token.
func adas() auth.Claims {
	now := time.Now()
	return auth.Claims{
		User: "ada", Issuer: "https://id.example", Audience: "holdfast", TokenID: "t1", Issued: now, Expires: now.Add(time.Hour),
		Channels: map[string]string{"ours/#": "rw"},
	}
}

// tokenOf signs claims with a key.
func tokenOf(t *testing.T, key auth.Key, claims auth.Claims) string {
	t.Helper()
	token, err := key.Sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// as returns the claims of another user.
func as(user string) auth.Claims {
	claims := adas()
	claims.User = user
	return claims
}
