package hostile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// limited starts a node with limits; the bystanders count too.
func limited(t *testing.T, limits policy.Limits) *node {
	t.Helper()
	return newNode(t, func(c *server.Config) { c.Limits = limits })
}

func TestTooManyConnectionsOrHandshakesAreRefusedWithTheLimitAndWhenToTryAgain(t *testing.T) {
	slowly := policy.Rate{PerSecond: 0.001, Burst: 3} // one more than the bystanders need
	for _, in := range []struct {
		name   string
		limits policy.Limits
		want   string
	}{
		{"of the node", policy.Limits{Connections: 3}, "429 the server has 3 connections, and takes no more (limits.connections); try again soon (ref) | closed"},
		{"of an address", policy.Limits{ConnectionsPerAddress: 3}, "429 there are 3 connections from your address, and there may not be more (limits.connections_per_address); try again soon (ref) | closed"},
		{"handshakes of the node", policy.Limits{Handshakes: slowly}, "429 too many clients connect at the same time (limits.handshakes); try again soon (ref) | closed"},
		{"handshakes of an address", policy.Limits{HandshakesPerAddress: slowly}, "429 too many handshakes from your address (limits.handshakes_per_address); try again soon (ref) | closed"},
	} {
		t.Run(in.name, func(t *testing.T) {
			n := limited(t, in.limits)
			n.shake(t, "/channels/open/a")
			for range 3 {
				if got := n.ask(t, handshake("/channels/open/a")); got != in.want {
					t.Errorf("got  %s\nwant %s", got, in.want)
				}
			}
			n.flows(t)
		})
	}
}

func TestAUserHasSoManyConnectionsOverAllEdges(t *testing.T) {
	n := limited(t, policy.Limits{ConnectionsPerUser: 1})
	ada := tokenOf(t, signing, adas())
	n.shake(t, "/channels/ours/a", "Authorization: Bearer "+ada)
	const why = "the user has 1 connections, and may not have more (limits.connections_per_user); try again soon"
	if got := n.ask(t, handshake("/channels/ours/a", "Authorization: Bearer "+ada)); got != "429 "+why+" (ref) | closed" {
		t.Errorf("a second handshake: %s", got)
	}
	c := n.talk(t, "holdfast.v1.json")
	c.say(`{"id":1,"connect":{"token":"` + ada + `"}}`)
	if got := c.hear(); got != `{"id":1,"error":{"code":"rate_limited","message":"`+why+`","retry":true,after,ref}}` {
		t.Errorf("on the protocol: %s", got)
	}
	if got := c.hear(); !strings.HasPrefix(got, "close 4429 ") {
		t.Errorf("and then: %s", got)
	}
	c = n.talk(t, "holdfast.v1.json")
	c.say(`{"id":1,"connect":{"token":"` + tokenOf(t, signing, as("bob")) + `"}}`)
	if got := c.hear(); !strings.HasPrefix(got, `{"id":1,"ok":`) {
		t.Errorf("another user: %s", got)
	}
	n.flows(t)
}

func TestWhoSendsTooFastIsToldSoAndIsClosedWhenItGoesOn(t *testing.T) {
	few, little := policy.Rate{PerSecond: 1, Burst: 20}, policy.Rate{PerSecond: 1000, Burst: 2 * maxMessage}
	for _, in := range []struct {
		limit  string
		limits policy.Limits
	}{
		{"limits.messages", policy.Limits{Messages: few}},
		{"limits.bytes", policy.Limits{Bytes: little}},
		{"limits.messages_per_user", policy.Limits{MessagesPerUser: few}},
		{"limits.bytes_per_user", policy.Limits{BytesPerUser: little}},
	} {
		t.Run(in.limit, func(t *testing.T) {
			n := limited(t, in.limits)
			ada := tokenOf(t, signing, adas())
			body := strings.Repeat("a", maxMessage-1000)
			want := fmt.Sprintf("429 you send too much in too short a time (%s); try again soon (ref) | closed", in.limit)
			got := ""
			for range 25 { // on connections of their own, from one address and one user
				got = n.ask(t, post("/channels/ours/a", body, "Authorization: Bearer "+ada))
				if strings.HasPrefix(got, "429") {
					break
				}
			}
			if got != want {
				t.Errorf("POST is answered\n%s\nwant\n%s", got, want)
			}
			n.flows(t)

			c := n.talk(t, "holdfast.v1.json")
			c.say(`{"id":1,"connect":{"token":"` + tokenOf(t, signing, as("bob")) + `"}}`)
			c.hear()
			want = fmt.Sprintf(`{"id":2,"error":{"code":"rate_limited","message":"you send too much in too short a time (%s); try again soon","retry":true,after,ref}}`, in.limit)
			told := false
			for i := 0; ; i++ {
				if i == 1000 {
					t.Fatal("the connection is never closed")
				}
				c.say(`{"id":2,"publish":{"channel":"ours/a","data":"` + body + `"}}`)
				got := c.hear()
				if strings.HasPrefix(got, "close ") {
					if want := "close 4429 the rate (" + in.limit + ") has been exceeded too often; connect again in 10 s, and wait when told to"; got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
					break
				}
				told = told || got == want
			}
			if !told {
				t.Errorf("nobody was told %s", want)
			}
			n.flows(t)
		})
	}
}

func TestABareWebSocketThatSendsTooFastWaitsAndLosesNothing(t *testing.T) {
	t.Parallel()
	n := limited(t, policy.Limits{Messages: policy.Rate{PerSecond: 50, Burst: 20}})
	c := n.shake(t, "/channels/open/a")
	c.send(strings.Repeat(frame(fin|1, "a"), 60))
	for i := range 60 {
		if got, err := c.readFrame(); err != nil || got != `message "a"` {
			t.Fatalf("message %d: %s, %v", i, got, err)
		}
	}
	n.flows(t)
}

func TestAChannelTakesSoManyMessagesFromAllTogether(t *testing.T) {
	const why = "too much is published to the channel seldom/a (rule seldom/#) (channels[].rate); try again soon"
	n := newNode(t, nil)
	if got := n.ask(t, post("/channels/seldom/a", "x")); !strings.HasPrefix(got, "202") {
		t.Fatal(got)
	}
	if got, want := n.ask(t, post("/channels/seldom/a", "x")), "429 "+why+" (ref) | closed"; got != want {
		t.Errorf("POST: got  %s\nwant %s", got, want)
	}
	c := n.talk(t, "holdfast.v1.json")
	c.say(`{"id":1,"publish":{"channel":"seldom/a","data":"x"}}`)
	if got, want := c.hear(), `{"id":1,"error":{"code":"rate_limited","message":"`+why+`","retry":true,after,ref}}`; got != want {
		t.Errorf("the protocol: got  %s\nwant %s", got, want)
	}
	bare := n.shake(t, "/channels/seldom/a")
	bare.send(frame(fin|1, "a"))
	if got, want := bare.untilClose(), "close 4429 "+why+" (ref)"; got != want {
		t.Errorf("a bare WebSocket: got  %s\nwant %s", got, want)
	}
	if got := n.ask(t, post("/channels/seldom/b", "x")); !strings.HasPrefix(got, "202") {
		t.Errorf("another channel: %s", got)
	}
	n.flows(t)
}

func TestTooManySubscriptionsAreRefusedAndTheOthersGoOn(t *testing.T) {
	n := newNode(t, nil)
	c := n.talk(t, "holdfast.v1.json")
	for range 10 {
		c.say("[" + strings.TrimSuffix(strings.Repeat(`{"id":1,"subscribe":{"channel":"open/a"}},`, 100), ",") + "]")
		for range 100 {
			if got := c.hear(); !strings.HasPrefix(got, `{"id":1,"ok":`) {
				t.Fatal(got)
			}
		}
	}
	const want = `{"id":2,"error":{"code":"too_many","message":"the connection has 1000 subscriptions, and may not have more; unsubscribe from some, or use a pattern",ref}}`
	for range 3 {
		c.say(`{"id":2,"subscribe":{"channel":"open/b"}}`)
		if got := c.hear(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	c.say(`{"id":3,"ping":{}}`)
	if got := c.hear(); got != `{"id":3,"ok":{}}` {
		t.Error(got)
	}
	n.flows(t)
}

func TestTenMessagesThatNobodyUnderstandsEndAConnection(t *testing.T) {
	n := newNode(t, nil)
	c := n.talk(t, "holdfast.v1.json")
	for range 9 {
		c.say("{")
		if got := c.hear(); !strings.HasPrefix(got, `{"error":{"code":"bad_json"`) {
			t.Fatal(got)
		}
	}
	c.say("{")
	if got := c.hear(); got != "close 4400 10 messages could not be understood; the last: bad_json: the message is not JSON at byte 1: unexpected EOF (ref)" {
		t.Error(got)
	}
	n.flows(t)
}

// soon is often enough to look at something that changes by itself.
const soon = 10 * time.Millisecond
