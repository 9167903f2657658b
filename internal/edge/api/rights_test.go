package api

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/door/doortest"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

func TestOnlyBackendsWithAKeyComeIn(t *testing.T) {
	e := start(t)
	token := doortest.Token(t, "ada", time.Hour, map[string]string{"#": "rwp"})
	const none, bearer = "Authorization: ", "Authorization: Bearer "
	for _, test := range []struct {
		headers   []string
		status    int
		code, has string
	}{
		{[]string{none}, 401, "unauthorized", "send it as Authorization: Bearer hfk_"},
		{[]string{bearer + token}, 403, "not_permitted", "not the token of a user"},
		{[]string{bearer + "hfk_x"}, 401, "unauthorized", "incomplete"},
		{[]string{bearer + "nonsense"}, 401, "unauthorized", "JSON Web Token"},
		{[]string{"Origin: https://app.example"}, 403, "origin", "for backends"},
		{[]string{"Origin: " + e.url}, 403, "origin", "for backends"},
		{[]string{"Origin: null"}, 403, "origin", "for backends"},
	} {
		r := e.ask("GET", "/v1/info", "", test.headers...)
		e.want(r, test.status, "urn:holdfast:problem:"+test.code, test.has)
		if asks := r.Header.Get("WWW-Authenticate") != ""; asks != (test.status == 401) {
			t.Errorf("%q: WWW-Authenticate %q", test.headers, r.Header.Get("WWW-Authenticate"))
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%q: a page may read it", test.headers)
		}
	}
	e.want(e.ask("GET", "/v1/info", "", none, "X-API-Key: "+e.boss), 200)
	e.want(e.ask("GET", "/v1/info?token="+e.boss, "", none), 401, "the URL has a token")
	e.want(e.ask("OPTIONS", "/v1/publish", "", "Origin: https://app.example", "Access-Control-Request-Method: POST"), 403, "for backends")
}

func TestAKeyMayDoWhatItsGrantsSayAndManageOnlyIfItSaysSo(t *testing.T) {
	e := start(t)
	as := "Authorization: Bearer " + e.backend
	for _, test := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/v1/publish", `{"channel":"news/a","data":"x"}`, 200},
		{"POST", "/v1/publish", `{"channel":"other","data":"x"}`, 403},
		{"GET", "/v1/history?channel=kept/a", "", 200},
		{"GET", "/v1/history?channel=news/a", "", 403},
		{"GET", "/v1/presence?channel=news/a", "", 403},
		{"GET", "/v1/info", "", 200},
		{"POST", "/v1/broadcast", `{"pattern":"news/#","data":"x"}`, 403},
		{"GET", "/v1/channels", "", 403},
		{"GET", "/v1/connections", "", 403},
		{"POST", "/v1/disconnect", `{"user":"ada"}`, 403},
		{"POST", "/v1/revoke", `{"user":"ada"}`, 403},
		{"POST", "/v1/tokens", `{"user":"ada"}`, 403},
		{"GET", "/v1/stats", "", 403},
	} {
		r := e.ask(test.method, test.path, test.body, as)
		e.want(r, test.status)
		e.want(e.ask(test.method, test.path, test.body, "Authorization: "), 401)
	}
	r := e.ask("POST", "/v1/batch", `{"messages":[{"channel":"news/a","data":"x"},{"channel":"other","data":"x"}]}`, as)
	e.want(r, 200, `{"channel":"news/a"},{"channel":"other","error":{"type":"urn:holdfast:problem:not_permitted"`)
}

func TestAKeyThatMayOnlyManageBroadcastsNothing(t *testing.T) {
	e := start(t)
	key, known := apiKey(t, "manager", nil, true)
	e.door.Auth.Close()
	e.Handler.door.Auth = doortest.NewWith(t, "api", e.channels.Rules(), policy.Limits{}, nil, known).Auth
	as := "Authorization: Bearer " + key
	e.want(e.ask("GET", "/v1/stats", "", as), 200)
	e.want(e.ask("POST", "/v1/broadcast", `{"pattern":"closed/#","data":"x"}`, as), 403, "you may not publish to closed/#")
	e.want(e.ask("POST", "/v1/tokens", `{"user":"ada","channels":{"chat/#":"rw"}}`, as), 403, "may not let do what the API key that asks for it may not do itself: chat/#=r")
	e.want(e.ask("POST", "/v1/tokens", `{"user":"ada"}`, as), 200)
}

func TestBackendsAreNotHeldToTheLimitsOfStrangers(t *testing.T) {
	e := startWith(t, policy.Limits{Messages: policy.Rate{PerSecond: 0.1, Burst: 2}, Bytes: policy.Rate{PerSecond: 0.1, Burst: 2}})
	for range 10 {
		e.want(e.ask("POST", "/v1/publish", `{"channel":"room/a","data":"longer than two bytes"}`), 200)
	}
	token := "Authorization: Bearer " + doortest.Token(t, "ada", time.Hour, nil)
	for range 2 {
		e.want(e.ask("GET", "/v1/info", "", token), 403)
	}
	r := e.ask("GET", "/v1/info", "", token)
	e.want(r, 429, "urn:holdfast:problem:rate_limited", "limits.messages", `"retry_after":10`)
	if got := r.Header.Get("Retry-After"); got != "10" {
		t.Errorf("Retry-After %q", got)
	}
}

func TestAnAddressThatIsNoneIsAnsweredWithTheNearest(t *testing.T) {
	e := start(t)
	e.want(e.ask("POST", "/v1/publsh", `{}`), 404, "urn:holdfast:problem:not_found", "did you mean /v1/publish?")
	e.want(e.ask("GET", "/v1/", ""), 404, "below /v1/ are publish, batch, broadcast, presence, history, channels")
	r := e.ask("PUT", "/v1/publish", `{}`)
	e.want(r, 405, "urn:holdfast:problem:method_not_allowed", "takes POST")
	if got := r.Header.Get("Allow"); got != "POST" {
		t.Errorf("Allow: %s", got)
	}
}
