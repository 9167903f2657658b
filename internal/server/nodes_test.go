package server

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// sharedNATS starts a NATS server of its own and returns its URL.
func sharedNATS(t *testing.T) string {
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
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	return s.ClientURL()
}

func TestASessionIsResumedOnAnotherNodeOfTheSameNATS(t *testing.T) {
	nats := sharedNATS(t)
	key, err := auth.NewSecret("", []byte("a secret of more than thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	kept := policy.Default()
	kept.Channels, kept.History.Count, kept.Slow = "kept/#", 100, policy.SlowCatchUp
	kept.Access = policy.Access{Subscribe: policy.Users, Publish: policy.Users, History: policy.Users}
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	node := func() *Server {
		t.Helper()
		s, err := Listen(patience(t), Config{
			HTTP: "127.0.0.1:0", Rules: rules, Auth: auth.Config{Keys: []auth.Key{key}}, MaxMessageBytes: 1 << 20,
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
		return s
	}
	one, two := node(), node()
	now := time.Now()
	token, err := key.Sign(auth.Claims{User: "ada", Issued: now, Expires: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	dial := func(s *Server) *websocket.Conn {
		t.Helper()
		c, err := websocket.Dial(patience(t), "ws://"+s.HTTPAddr().String()+"/socket", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.CloseNow)
		return c
	}
	say := func(c *websocket.Conn, message string) {
		t.Helper()
		if err := c.Write(patience(t), websocket.Text, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(c *websocket.Conn, part string) string {
		t.Helper()
		for {
			_, got, err := c.Read(patience(t))
			if err != nil {
				t.Fatalf("waiting for %s: %v", part, err)
			}
			if strings.Contains(string(got), part) {
				return string(got)
			}
		}
	}

	first := dial(one)
	say(first, `{"id":1,"connect":{"token":"`+token+`"}}`)
	var greeting struct {
		OK struct {
			Session json.RawMessage `json:"session"`
		} `json:"ok"`
	}
	if err := json.Unmarshal([]byte(hear(first, `"id":1`)), &greeting); err != nil {
		t.Fatal(err)
	}
	say(first, `{"id":2,"subscribe":{"channel":"kept/a","sub":1}}`)
	hear(first, `"live"`)
	say(first, `{"id":3,"publish":{"channel":"kept/a","data":"seen"}}`)
	var seen struct {
		Message struct{ Offset int } `json:"message"`
	}
	if err := json.Unmarshal([]byte(hear(first, `"seen"`)), &seen); err != nil {
		t.Fatal(err)
	}
	first.CloseNow()

	other := dial(one)
	say(other, `{"id":1,"connect":{"token":"`+token+`"}}`)
	say(other, `{"id":2,"publish":{"channel":"kept/a","data":"missed"}}`)
	hear(other, `"id":2`)

	again := dial(two)
	say(again, fmt.Sprintf(`[{"id":1,"connect":{"session":%s}},{"id":2,"subscribe":{"channel":"kept/a","sub":1,"since":"%d"}}]`, greeting.OK.Session, seen.Message.Offset))
	if got := hear(again, `"id":1`); !strings.Contains(got, `"resumed":true`) || !strings.Contains(got, `"user":"ada"`) {
		t.Errorf("the other node says %s", got)
	}
	hear(again, `"missed"`)
	say(again, `{"id":3,"publish":{"channel":"kept/a","data":"as ada"}}`)
	hear(again, `{"id":3,"ok"`)
}
