package api

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/protocol"
)

func TestConnectionsAreFoundByUserAndChannel(t *testing.T) {
	e := start(t)
	e.connect("ada", "s1", "room/a", "kept/#")
	e.connect("bob", "s2", "room/a")
	e.connect("ada", "", "room/b")
	for _, test := range []struct{ query, want string }{
		{"", "ada s1, bob s2, ada "},
		{"user=ada", "ada s1, ada "},
		{"channel=room/a", "ada s1, bob s2"},
		{"channel=kept/x", "ada s1"},
		{"user=ada&channel=room/b", "ada "},
		{"user=eve", ""},
	} {
		var got []string
		for path, more := "/v1/connections?limit=1&"+test.query, true; more; {
			var p connectionsPage
			e.page(path, &p)
			for _, c := range p.Connections {
				got = append(got, c.User+" "+c.Session)
			}
			path, more = "/v1/connections?limit=1&"+test.query+"&after="+p.Next, p.Next != ""
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: %q", test.query, got)
		}
	}
	e.want(e.ask("GET", "/v1/connections?user=bob", ""), 200, `"node":"a","edge":"test","user":"bob","session":"s2","address":"192.0.2.1","since":"20`, `"subscriptions":["room/a"]}]`)
	e.want(e.ask("GET", "/v1/connections?after=x", ""), 400, "no id of a connection")
	e.want(e.ask("GET", "/v1/connections?channel=a//b", ""), 400, "urn:holdfast:problem:bad_channel")
}

func TestConnectionsAreDisconnectedByUserSessionAndID(t *testing.T) {
	e := start(t)
	one, two, three := e.connect("ada", "s1"), e.connect("ada", "s2"), e.connect("bob", "s3")
	for _, test := range []struct {
		body   string
		ends   []*listener
		code   protocol.CloseCode
		reason string
	}{
		{`{"user":"ada"}`, []*listener{one, two}, protocol.CloseDisconnected, "disconnected by the application"},
		{`{"session":"s2","reason":"enough"}`, []*listener{two}, protocol.CloseDisconnected, "enough"},
		{fmt.Sprintf(`{"connection":%q,"code":4001}`, three.ID()), []*listener{three}, 4001, "disconnected by the application"},
		{`{"user":"bob","reconnect":true}`, []*listener{three}, 1012, "disconnected by the application"},
		{`{"user":"eve"}`, nil, 0, ""},
		{`{"connection":"elsewhere-1"}`, nil, 0, ""},
	} {
		e.want(e.ask("POST", "/v1/disconnect", test.body), 200, fmt.Sprintf(`{"disconnected":%d}`, len(test.ends)))
		for _, l := range []*listener{one, two, three} {
			if slices.Contains(test.ends, l) {
				if code, reason := <-l.ended, <-l.reason; code != test.code || reason != test.reason {
					t.Errorf("%s: ended with %d %q", test.body, code, reason)
				}
			} else if len(l.ended) > 0 {
				t.Errorf("%s: another one was ended", test.body)
			}
		}
	}
	if protocol.CloseCode(1012).Reconnect() == protocol.ReconnectNever {
		t.Error("clients do not come back after reconnect")
	}
	for _, test := range []struct{ body, has string }{
		{`{}`, "name exactly one"},
		{`{"user":"a","session":"b"}`, "name exactly one"},
		{`{"user":"a","code":1006}`, "the code 1006 is not for applications"},
		{`{"user":"a","code":4001,"reconnect":true}`, "leave one out"},
		{`{"user":"a","usr":1}`, `did you mean \"user\"?`},
	} {
		e.want(e.ask("POST", "/v1/disconnect", test.body), 400, test.has)
	}
	e.want(e.ask("POST", "/v1/disconnect", `{"user":"a","reason":"`+strings.Repeat("x", 124)+`"}`), 422, "room for 123")
}

func TestWhoIsRevokedIsDisconnectedAndDoesNotComeBack(t *testing.T) {
	e := start(t)
	ada, bob := e.connect("ada", "s1"), e.connect("bob", "s2")
	e.want(e.ask("POST", "/v1/revoke", `{"user":"ada","for_seconds":60}`), 200, `{"revoked":true,"until":"20`)
	if code := <-ada.ended; code != protocol.CloseDisconnected {
		t.Errorf("ended with %d", code)
	}
	e.want(e.ask("POST", "/v1/revoke", `{"session":"s2"}`), 200, `{"revoked":true}`)
	<-bob.ended
	e.want(e.ask("POST", "/v1/revoke", `{"token":"t1","until":"2999-01-01T00:00:00Z"}`), 200, `"until":"2999-01-01T00:00:00Z"`)
	for id, want := range map[*auth.Identity]bool{{User: "ada"}: true, {User: "bob", TokenID: "t1"}: true, {User: "bob"}: false} {
		if got := e.config.Revocations.Revoked(id, ""); got != want {
			t.Errorf("%+v: revoked is %v", id, got)
		}
	}
	for _, test := range []struct{ body, has string }{
		{`{}`, "name exactly one"},
		{`{"user":"a","token":"b"}`, "name exactly one"},
		{`{"user":"` + strings.Repeat("a", 256) + `"}`, "there is none so long"},
		{`{"user":"a","until":"2999-01-01T00:00:00Z","for_seconds":1}`, "leave one out"},
		{`{"user":"a","until":"1999-01-01T00:00:00Z"}`, "over already"},
		{`{"user":"a","for_seconds":-1}`, "over already"},
		{`{"user":"a","until":"tomorrow"}`, `\"/until\" is of the wrong type`},
	} {
		e.want(e.ask("POST", "/v1/revoke", test.body), 400, test.has)
	}
}

func TestATokenIsMadeThatTheServerTakes(t *testing.T) {
	e := start(t)
	var made madeToken
	r := e.ask("POST", "/v1/tokens", `{"user":"ada","channels":{"chat/#":"rw","inbox/{user}":"r"},"info":{"name":"Ada"},"expires_in":600,"id":"t7"}`)
	e.want(r, 200, `"id":"t7"`, `"expires":"20`)
	if err := json.Unmarshal([]byte(r.body), &made); err != nil {
		t.Fatal(err)
	}
	who, err := e.door.Auth.Authenticate(t.Context(), auth.Credentials{Token: made.Token})
	if err != nil {
		t.Fatal(err)
	}
	if who.User != "ada" || who.TokenID != "t7" || who.Info != `{"name":"Ada"}` || !who.Grants.Allows(auth.Subscribe, "inbox/ada") || !who.Expires.Equal(made.Expires) {
		t.Errorf("%+v", who)
	}
	if lasts := time.Until(made.Expires); lasts < 9*time.Minute || lasts > 10*time.Minute {
		t.Errorf("it lasts %s", lasts)
	}
	for _, test := range []struct {
		body   string
		status int
		has    string
	}{
		{`{}`, 422, "names no user"},
		{`{"user":"ada","channels":{"chat/#":"x"}}`, 422, `\"x\" is not understood`},
		{`{"user":"ada","channels":{"a//b":"r"}}`, 422, "empty segment"},
		{`{"user":"ada","expires_in":-5}`, 400, "from 1 on"},
		{`{"user":"ada","info":"` + strings.Repeat("i", 2000) + `"}`, 422, "may have 1024"},
	} {
		e.want(e.ask("POST", "/v1/tokens", test.body), test.status, test.has)
	}
	e.signer = auth.Signer{}
	e.want(e.ask("POST", "/v1/tokens", `{"user":"ada"}`), 409, "urn:holdfast:problem:cannot_sign", "configure a secret or a private key")
}

func TestTheServerTellsWhatItIsAndWhatItHasToDo(t *testing.T) {
	e := start(t)
	e.connect("ada", "", "room/a", "kept/a")
	e.want(e.ask("POST", "/v1/publish", `{"channel":"room/a","data":"x"}`), 200)
	e.want(e.ask("GET", "/v1/info", ""), 200, `{"version":"v1.2.3","node":"`+e.door.Clients.Node()+`"`, `"message_bytes":65536,"batch_messages":1000`, `"features":["history","presence","tokens"]`)
	e.want(e.ask("GET", "/v1/stats", ""), 200, `"connections":{"total":1,"by_edge":{"test":1}},"channels":2,"subscriptions":2,"messages":{"published":1,"delivered":1},"nodes":[{"node":"`, `,"logs":[{"channels":"kept/#","epoch":"`, `"messages":0,"bytes":0,"last":0}]`)
	e.want(e.ask("GET", "/v1/stats?x=1", ""), 400, "unknown parameter")
}
