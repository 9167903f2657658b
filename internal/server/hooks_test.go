package server

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/websocket"
)

// hookSecret signs what backends are asked in tests.
var hookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))

// backend starts an HTTP server that answers questions, the data of which it is given by the last part of their type, and
// returns the hook at it.
func backend(t *testing.T, answer func(kind string, data map[string]any) string, kinds ...hooks.Kind) hooks.Hook {
	t.Helper()
	verifier, err := webhook.NewVerifier(hookSecret)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := webhook.ParseSecret(hookSecret)
	if err != nil {
		t.Fatal(err)
	}
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var event struct {
			Type string
			Data map[string]any
		}
		body, err := verifier.Read(r)
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil {
			t.Errorf("the question can't be read: %v", err)
		}
		fmt.Fprint(w, answer(event.Type[strings.LastIndexByte(event.Type, '.')+1:], event.Data))
	}))
	t.Cleanup(app.Close)
	return hooks.Hook{Name: "app", URL: app.URL, Kinds: kinds, Secrets: []webhook.Secret{secret}, AllowPrivate: true}
}

func TestABackendByHTTPDecidesOnEveryEdge(t *testing.T) {
	app := backend(t, func(kind string, data map[string]any) string {
		switch kind {
		case "connect":
			if data["token"] != "opaque" {
				return `{"error":{"code":"unauthorized","message":"log in first"}}`
			}
			return `{"user":"ada","channels":{"rooms/#":"rw"},"subscribe":["rooms/hall"],"expires_in":3600}`
		case "subscribe":
			if data["channel"] != "rooms/hall" {
				return `{"error":{"code":"not_a_member","message":"it is not your room"}}`
			}
		case "publish":
			return fmt.Sprintf(`{"data":%q}`, strings.ToUpper(data["data"].(string)))
		case "rpc":
			return fmt.Sprintf(`{"data":{"user":%q,"method":%q}}`, data["user"], data["method"])
		}
		return `{}`
	}, hooks.Connect, hooks.Subscribe, hooks.Publish, hooks.RPC)
	n := start(t, func(c *Config) {
		rules, err := policy.NewRules()
		if err != nil {
			t.Fatal(err)
		}
		c.Rules, c.Hooks = rules, []hooks.Hook{app}
	})
	header := http.Header{"Authorization": {"Bearer opaque"}}
	dial := func(rest string, h http.Header) (*websocket.Conn, error) {
		c, err := websocket.Dial(patience(t), "wss://localhost:"+n.httpsPort()+rest, &websocket.DialOptions{TLS: n.clientTLS(), Header: h})
		if err == nil {
			t.Cleanup(c.CloseNow)
		}
		return c, err
	}
	want := func(c *websocket.Conn, prefix string) {
		t.Helper()
		if _, got, err := c.Read(patience(t)); err != nil || !strings.HasPrefix(string(got), prefix) {
			t.Fatalf("got %s, %v; want %s", got, err, prefix)
		}
	}
	bare, err := dial("/channels/rooms/hall", header)
	if err != nil {
		t.Fatal(err)
	}
	for rest, h := range map[string]http.Header{"/channels/rooms/hall": nil, "/channels/rooms/other": header} {
		if _, err := dial(rest, h); err == nil {
			t.Errorf("%s lets in %v", rest, h)
		}
	}
	c, err := dial("/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	say := func(message string) {
		t.Helper()
		if err := c.Write(patience(t), websocket.Text, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	say(`{"id":1,"connect":{"token":"opaque"}}`)
	want(c, `{"id":1,"ok":{"session":`)
	want(c, `{"live":{"sub":4503599627370496}}`)
	say(`{"id":2,"publish":{"channel":"rooms/hall","data":"hello"}}`)
	want(c, `{"message":{"sub":4503599627370496,"data":"HELLO"`)
	want(c, `{"id":2,"ok":{}}`)
	want(bare, "HELLO")
	say(`{"id":3,"subscribe":{"channel":"rooms/other"}}`)
	want(c, `{"id":3,"error":{"code":"not_a_member","message":"it is not your room","ref":`)
	say(`{"id":4,"rpc":{"method":"who","data":""}}`)
	want(c, `{"id":4,"ok":{"data":"{\"user\":\"ada\",\"method\":\"who\"}"}}`)

	r, err := http.NewRequestWithContext(patience(t), http.MethodPost, "http://"+n.HTTPAddr().String()+"/channels/rooms/hall", strings.NewReader("by post"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusAccepted {
		t.Errorf("answered %d %s, %v", resp.StatusCode, body, err)
	}
	want(bare, "BY POST")
}

func TestABackendByHTTPIsToldWhatHasHappened(t *testing.T) {
	told := make(chan string, 100)
	app := backend(t, func(kind string, data map[string]any) string {
		told <- fmt.Sprint(kind, " ", data["channel"], " ", data["user"], " ", data["data"], " ", data["code"])
		return ""
	}, hooks.Disconnect, hooks.Occupied, hooks.Vacated, hooks.Join, hooks.Leave, hooks.Message)
	dir := t.TempDir()
	configured := func(c *Config) {
		present, kept := policy.Default(), policy.Default()
		present.Channels, present.Presence, present.Access = "present/#", true, policy.Open
		kept.Channels, kept.History.Count, kept.Access, kept.Slow, kept.MaxMessageBytes = "kept/#", 10, policy.Open, policy.SlowCatchUp, 1<<16
		rules, err := policy.NewRules(present, kept)
		if err != nil {
			t.Fatal(err)
		}
		c.Rules, c.Hooks, c.Broker = rules, []hooks.Hook{app}, broker.Config{Dir: dir, SyncInterval: time.Hour}
	}
	n := start(t, configured)
	c := n.dial("wss://localhost:" + n.httpsPort() + "/socket")
	commands := `[{"subscribe":{"channel":"present/a"}},{"publish":{"channel":"present/a","data":"ephemeral"}},{"publish":{"channel":"kept/a","data":"stored"}}]`
	if err := c.Write(patience(t), websocket.Text, []byte(commands)); err != nil {
		t.Fatal(err)
	}
	want := func(want ...string) {
		t.Helper()
		missing := make(map[string]bool)
		for _, line := range want {
			missing[line] = true
		}
		for range want {
			select {
			case line := <-told:
				if !missing[line] {
					t.Errorf("told %q", line)
				}
				delete(missing, line)
			case <-patience(t).Done():
				t.Fatalf("not told %v", missing)
			}
		}
	}
	want("occupied present/a <nil> <nil> <nil>", "join present/a <nil> <nil> <nil>", "message present/a <nil> ephemeral <nil>", "message kept/a <nil> stored <nil>")
	if err := c.Close(patience(t), websocket.CloseNormal, ""); err != nil {
		t.Fatal(err)
	}
	want("disconnect <nil> <nil> <nil> 1000", "leave present/a <nil> <nil> <nil>")
	if err := n.Shutdown(patience(t), "the server stops"); err != nil {
		t.Error(err)
	}
	start(t, configured) // what happened when the server stopped is told when it is back
	want("vacated present/a <nil> <nil> <nil>")
}
