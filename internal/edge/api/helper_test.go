package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/health"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testLimit = 64 << 10 // bytes a message

// edge is a running API and a way to call it.
type edge struct {
	t *testing.T
	*Handler
	url     string
	boss    string // an API key that may do everything
	backend string // one that may do something with a few channels
}

// start serves the API until the end of the test.
func start(t *testing.T) *edge { return startWith(t, policy.Limits{}) }

// startWith is start with limits for clients.
func startWith(t *testing.T, limits policy.Limits) *edge {
	t.Helper()
	e := &edge{t: t}
	var known [2]auth.APIKey
	e.boss, known[0] = apiKey(t, "boss", map[string]string{"#": "rwp"}, true)
	e.backend, known[1] = apiKey(t, "backend", map[string]string{"news/#": "w", "kept/#": "rw"}, false)
	kept, small, room, images := doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule(), doortest.OpenRule()
	kept.Channels, kept.History.Count, kept.Slow = "kept/#", 5, policy.SlowCatchUp
	small.Channels, small.MaxMessageBytes = "small/#", 10
	room.Channels, room.Presence = "room/#", true
	images.Channels, images.Content = "images/#", &policy.Content{Magic: [][]byte{[]byte("\x89PNG")}}
	closed := policy.Default() // only with a grant
	channels := doortest.Channels(t, testLimit, kept, small, room, images, closed)
	revoked := auth.NewRevocations(nil, time.Hour, nil)
	presence := hub.NewPresence(time.Minute, nil)
	t.Cleanup(presence.Close)
	d := doortest.NewWith(t, "api", channels.Rules(), limits, revoked, known[:]...)
	nodes := cluster.Alone(cluster.Node{ID: cluster.NewID(), Name: "a"})
	ready := health.New()
	ready.Begin()
	d.Clients.Join(nodes, slog.New(slog.DiscardHandler))
	e.Handler = New(channels, Config{
		Door:            d,
		MaxMessageBytes: testLimit,
		Presence:        presence,
		Revocations:     revoked,
		Tokens:          auth.Config{Keys: []auth.Key{doortest.Key(t)}},
		Version:         "v1.2.3",
		Cluster:         nodes,
		Overseen:        Overseen{Name: "test", Health: ready.Report},
	})
	t.Cleanup(e.Close)
	if err := nodes.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nodes.Close)
	s := httptest.NewServer(e.Handler)
	t.Cleanup(s.Close)
	e.url = s.URL
	return e
}

func apiKey(t *testing.T, name string, grants map[string]string, manage bool) (string, auth.APIKey) {
	t.Helper()
	key, id, hash := auth.NewAPIKey()
	known, err := auth.ParseAPIKey(name, id, hash, grants, manage)
	if err != nil {
		t.Fatal(err)
	}
	return key, known
}

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// reply is what came back.
type reply struct {
	*http.Response
	body string
}

// ask sends a request with the boss's key, or the headers given ("Name: value"), and returns what came back.
func (e *edge) ask(method, path, body string, headers ...string) reply {
	e.t.Helper()
	var in io.Reader
	if body != "" {
		in = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(patience(e.t), method, e.url+path, in)
	if err != nil {
		e.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+e.boss)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if r.Header.Set(name, value); value == "" {
			r.Header.Del(name)
		}
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		e.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		e.t.Fatal(err)
	}
	c, err := documented()
	if err != nil {
		e.t.Fatal(err)
	}
	c.hold(e.t, r, body, resp, string(b))
	return reply{resp, string(b)}
}

// want checks the status, and that the body has all the parts.
func (e *edge) want(r reply, status int, parts ...string) {
	e.t.Helper()
	if r.StatusCode != status {
		e.t.Errorf("%s %s: answered %d %s; want %d", r.Request.Method, r.Request.URL, r.StatusCode, r.body, status)
	}
	for _, part := range parts {
		if !strings.Contains(r.body, part) {
			e.t.Errorf("%s %s: answered %s; want it to have %s", r.Request.Method, r.Request.URL, r.body, part)
		}
	}
}

// page reads an answer into v.
func (e *edge) page(path string, v any) {
	e.t.Helper()
	r := e.ask("GET", path, "")
	e.want(r, 200)
	if err := json.Unmarshal([]byte(r.body), v); err != nil {
		e.t.Fatal(err)
	}
}

// listener is a client of another edge, who hears what is published.
type listener struct {
	*session.Client
	t      *testing.T
	heard  chan string
	ended  chan protocol.CloseCode
	reason chan string
	subs   []channel.Pattern
}

// connect connects a client who is subscribed to channels.
func (e *edge) connect(user string, session string, subs ...channel.Pattern) *listener {
	e.t.Helper()
	l := &listener{t: e.t, heard: make(chan string, 1000), ended: make(chan protocol.CloseCode, 10), reason: make(chan string, 10), subs: subs}
	var err error
	if l.Client, err = e.door.Clients.Admit("test", netip.MustParseAddr("192.0.2.1"), &auth.Identity{User: user}); err != nil {
		e.t.Fatal(err)
	}
	if err := l.Identify(&auth.Identity{User: user}, session); err != nil {
		e.t.Fatal(err)
	}
	for _, p := range subs {
		s, err := e.channels.Subscribe(p, sessionStart, "", receiver{l})
		if err != nil {
			e.t.Fatal(err)
		}
		s.Start()
		e.t.Cleanup(s.Cancel)
	}
	l.Connected(l)
	e.t.Cleanup(l.Leave)
	return l
}

var sessionStart session.Start

func (l *listener) GoAway(context.Context, string)   {}
func (l *listener) Expiring(time.Duration)           {}
func (l *listener) Subscriptions() []channel.Pattern { return l.subs }
func (l *listener) End(code protocol.CloseCode, reason string) {
	l.ended <- code
	l.reason <- reason
}

// wantHeard waits for messages.
func (l *listener) wantHeard(messages ...string) {
	l.t.Helper()
	for _, want := range messages {
		select {
		case got := <-l.heard:
			if got != want {
				l.t.Fatalf("heard %q, want %q", got, want)
			}
		case <-patience(l.t).Done():
			l.t.Fatalf("%q was not heard", want)
		}
	}
}
