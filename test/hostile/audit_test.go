package hostile

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
)

var aRef = regexp.MustCompile(`(?:\(ref |"ref":")([A-Z2-7]{8})`)

// wantLine checks that the log has a line about a refusal, and the ref if the client has been told one.
func (n *node) wantLine(t *testing.T, answer, kind, edge string) {
	t.Helper()
	words := []string{"level=WARN msg=refused", " kind=" + kind + " ", " edge=" + edge + " ", " remote=127.0.0.1 ", " why"}
	if ref := aRef.FindStringSubmatch(answer); ref != nil {
		words = append(words, " ref="+ref[1]+" ")
	} else if !strings.HasPrefix(answer, "close 10") { // what the engine says has left before
		t.Errorf("the client is not told a ref: %s", answer)
	}
	for deadline := time.Now().Add(patience); n.log.with(words...) == ""; {
		if time.Now().After(deadline) {
			t.Fatalf("the log has no line with %q", words)
		}
		<-time.After(soon)
	}
}

func TestEveryRefusalIsInTheLogByTheRefThatTheClientIsTold(t *testing.T) {
	n := newNode(t, nil)
	for _, in := range []struct{ send, kind, edge string }{
		{request("GET /channels/a//b"), "bad_channel", "channels"},
		{handshake("/channels/a//b"), "bad_channel", "channels"},
		{request("GET /channels/kept/a?since=x"), "bad_request", "channels"},
		{handshake("/channels/kept/a?since=x"), "bad_request", "channels"},
		{post("/channels/open/a", strings.Repeat("a", maxMessage+1)), "too_large", "channels"},
		{post("/channels/small/a", strings.Repeat("a", 101)), "too_large", "channels"},
		{post("/channels/open/a", "\xff", "Content-Type: text/plain"), "bad_request", "channels"},
		{post("/channels/open/a?key="+strings.Repeat("a", 129), ""), "bad_request", "channels"},
		{request("POST /channels/open/a", "Transfer-Encoding: chunked") + "zz\r\n", "bad_request", "channels"},
		{request("GET /channels/dead/a"), "not_permitted", "channels"},
		{post("/channels/users/a", "x"), "not_permitted", "channels"},
		{request("GET /channels/unread/a?last=1"), "not_permitted", "channels"},
		{request("GET /channels/users/a", "Authorization: Bearer x"), "unauthorized", "channels"},
		{handshake("/channels/open/a", "Origin: https://evil.example"), "origin", "channels"},
		{post("/channels/open/a", "x", "Origin: https://evil.example"), "origin", "channels"},
		{handshake("/socket", "Origin: https://evil.example"), "origin", "socket"},
		{handshake("/socket", "-Sec-WebSocket-Key"), "handshake", "socket"},
		{handshake("/channels/open/a", "Sec-WebSocket-Version: 8"), "handshake", "channels"},
		{"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", "host", "server"},
	} {
		n.wantLine(t, n.answers(t, in.send), in.kind, in.edge)
	}
	for _, in := range []struct{ say, kind string }{
		{"hello", "bad_json"},
		{`{"shutdown":{}}`, "unknown_command"},
		{`{"subscribe":{}}`, "bad_command"},
		{`{"subscribe":{"channel":"a//b"}}`, "bad_channel"},
		{`{"subscribe":{"channel":"kept/a","since":"x"}}`, "bad_position"},
		{`{"subscribe":{"channel":"dead/a"}}`, "not_permitted"},
		{`{"publish":{"channel":"small/a","data":"` + strings.Repeat("a", 101) + `"}}`, "too_large"},
		{`{"connect":{"token":"x"}}`, "unauthorized"},
		{"\x00x", "bad_frame"},
		{strings.Repeat("a", 70_000), "frames"},
		{"[" + strings.TrimSuffix(strings.Repeat(`{"ping":{}},`, 257), ",") + "]", "too_many"},
	} {
		c := n.talk(t, "holdfast.v1.json")
		c.say(in.say)
		n.wantLine(t, c.next(), in.kind, "socket")
	}
	for _, in := range []struct{ target, send, kind string }{
		{"/channels/open/a", frame(fin|0x10|1, "a"), "frames"},
		{"/channels/news/a", frame(fin|1, "a"), "not_permitted"},
		{"/channels/small/a", frame(fin|1, strings.Repeat("a", 101)), "too_large"},
	} {
		c := n.shake(t, in.target)
		c.send(in.send)
		answer := c.untilCloseInFull()
		if err := c.Close(); err != nil { // or the server would wait for an answer first
			t.Error(err)
		}
		n.wantLine(t, answer, in.kind, "channels")
	}
}

func TestTheAddressInTheLogIsNotTheOneThatAStrangerClaims(t *testing.T) {
	n := newNode(t, nil)
	answer := n.answers(t, request("GET /channels/dead/a", "X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9"))
	n.wantLine(t, answer, "not_permitted", "channels")
	if line := n.log.with("203.0.113.9"); line != "" {
		t.Errorf("the log has what the stranger says: %s", line)
	}
}

func TestNoSecretIsInALogAnAnswerOrAMetric(t *testing.T) {
	key, id, hash := auth.NewAPIKey()
	grants := map[string]string{"ours/#": "rw"}
	known, err := auth.ParseAPIKey("backend", id, hash, grants, false)
	if err != nil {
		t.Fatal(err)
	}
	n := newNode(t, func(c *server.Config) {
		c.Metrics = "127.0.0.1:0"
		c.Auth.APIKeys = []auth.APIKey{known}
		c.Limits = policy.Limits{HandshakesPerAddress: policy.Rate{PerSecond: 1000, Burst: 1000}}
	})
	good := tokenOf(t, signing, adas())
	late := adas()
	late.Issued, late.Expires = late.Issued.Add(-2*time.Hour), late.Issued.Add(-time.Hour)
	expired := tokenOf(t, signing, late)
	changed := good[:len(good)-10] + "AAAAAAAAAA"
	wrongKey := key[:len(key)-4] + "aaaa"
	secrets := []string{}
	var answers strings.Builder
	for _, secret := range []string{good, expired, changed, key, wrongKey, "opensesame" + strings.Repeat("x", 20)} {
		secrets = append(secrets, secret)
		for _, send := range []string{
			request("GET /channels/users/a", "Authorization: Bearer "+secret),
			request("GET /channels/dead/a", "Authorization: Bearer "+secret),
			request("GET /channels/dead/a", "X-API-Key: "+secret),
			request("GET /channels/dead/a", "Cookie: id="+secret),
			request("GET /channels/dead/a?token=" + secret),
			request("GET /channels/dead/a?access_token=" + secret),
			request("GET /channels/dead/a?since=x", "Authorization: Bearer "+secret),
			post("/channels/ours/a", "\xff", "Content-Type: text/plain", "Authorization: Bearer "+secret),
			handshake("/socket", "Sec-WebSocket-Protocol: holdfast.v1.json, holdfast.token."+secret),
			handshake("/socket", "Sec-WebSocket-Protocol: holdfast.token."+secret+", holdfast.token."+secret),
			handshake("/socket", "Sec-WebSocket-Protocol: holdfast.token."+secret, "-Sec-WebSocket-Key"),
			handshake("/channels/dead/a", "Authorization: Bearer "+secret, "Origin: https://evil.example"),
			handshake("/channels/dead/a?token="+secret, "Sec-WebSocket-Version: 8"),
			"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nAuthorization: Bearer " + secret + "\r\n\r\n",
		} {
			answers.WriteString(n.answers(t, send))
		}
		for _, say := range []string{
			`{"id":1,"connect":{"token":"` + secret + `"}}`,
			`{"id":1,"connect":{"token":["` + secret + `"]}}`,
			`{"id":1,"refresh":{"token":"` + secret + `"}}`,
			`{"id":1,"connect":{"session":{"id":"x","secret":"` + secret + `"}}}`,
			`{"id":1,"connect":{"token":"` + secret + `"`,
		} {
			c := n.talk(t, "holdfast.v1.json")
			c.say(say)
			answer := c.next()
			if session := sessionSecret.FindStringSubmatch(answer); session != nil {
				secrets = append(secrets, session[1])
				c.say(`{"id":2,"subscribe":{"channel":"dead/a"}}`)
				answer = c.next() // that of connect has to have the session's secret
			}
			answers.WriteString(answer)
		}
	}
	metrics := n.metrics(t)
	if !strings.Contains(metrics, `holdfast_refused_total{edge="channels",kind="unauthorized"}`) {
		t.Errorf("refusals are not counted:\n%s", metrics)
	}
	answers.WriteString(metrics)
	for _, secret := range secrets {
		// Half of it would be too much. The public id of an API key may be seen, and a token's header says nothing.
		for _, part := range []string{secret[len(secret)/2:], secret[len(secret)-12:]} {
			if line := n.log.with(part); line != "" {
				t.Errorf("the log has a secret: %s", line)
			}
			if strings.Contains(answers.String(), part) {
				t.Errorf("an answer has %q of a secret", part)
			}
		}
	}
	if n.log.with("msg=refused") == "" || n.log.with("level=DEBUG") == "" {
		t.Error("the log has nothing to search")
	}
}

// metrics returns what Prometheus is told.
func (n *node) metrics(t *testing.T) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get("http://" + n.srv.MetricsAddr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

var sessionSecret = regexp.MustCompile(`"secret":"([^"]+)"`)
