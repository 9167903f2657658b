package server

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestAPurgeIsForEveryNodeOfTheSameNATS(t *testing.T) {
	nats := sharedNATS(t)
	kept := policy.Default()
	kept.Channels, kept.History.Count, kept.Slow, kept.Access = "kept/#", 100, policy.SlowCatchUp, policy.Open
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	key, id, hash := auth.NewAPIKey()
	known, err := auth.ParseAPIKey("ops", id, hash, map[string]string{"#": "rw"}, true)
	if err != nil {
		t.Fatal(err)
	}
	node := func() (*Server, *admin.Client) {
		t.Helper()
		s, err := Listen(patience(t), Config{
			HTTP: "127.0.0.1:0", Rules: rules, Auth: auth.Config{APIKeys: []auth.APIKey{known}}, MaxMessageBytes: 1 << 20,
			Broker: broker.Config{URL: nats}, Log: quiet,
		})
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- s.Serve() }()
		t.Cleanup(func() {
			if err := s.Shutdown(patience(t), "test over"); err != nil {
				t.Error(err)
			}
			<-served
		})
		c, err := admin.New("http://"+s.HTTPAddr().String(), key, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s, c
	}
	_, one := node()
	two, other := node()
	dial := func(since string) *websocket.Conn {
		t.Helper()
		c, err := websocket.Dial(patience(t), "ws://"+two.HTTPAddr().String()+"/channels/kept/a?since="+since, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.CloseNow)
		return c
	}
	first, err := one.Publish(patience(t), admin.Message{Channel: "kept/a", Payload: admin.Text("first")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.Publish(patience(t), admin.Message{Channel: "kept/a", Payload: admin.Text("secret")}); err != nil {
		t.Fatal(err)
	}
	before := dial(first.Position()) // so that the other node has it in memory
	if _, got, err := before.Read(patience(t)); err != nil || string(got) != "secret" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := one.Purge(patience(t), "kept/a"); err != nil {
		t.Fatal(err)
	}
	for m, err := range other.History(patience(t), "kept/a", admin.HistoryOptions{}) {
		t.Errorf("the other node still has %q, %v", m.Data, err)
	}
	after, err := other.Publish(patience(t), admin.Message{Channel: "kept/a", Payload: admin.Text("after")})
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := before.Read(patience(t)); err != nil || string(got) != "after" {
		t.Errorf("who was live got %q, %v", got, err) // and so the node has come across the mark
	}
	if _, got, err := dial(first.Position()).Read(patience(t)); err == nil || websocket.CloseCodeOf(err) != 4410 {
		t.Errorf("who comes back from before got %q, %v", got, err)
	}
	if !strings.HasPrefix(after.Position(), "4:") {
		t.Errorf("the next is at %s", after.Position())
	}
}
