package signalr

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/signalr"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/test/nodes/inprocess"
	"github.com/holdfast-dev/holdfast/test/proxies"
)

// serveBalanced is serve with three nodes behind a proxy that sends each request to the next one.
func serveBalanced(t *testing.T) (*node, []*server.Server) {
	t.Helper()
	kept := policy.Default()
	kept.Channels, kept.Slow, kept.Access, kept.Presence = "chat/#", policy.SlowCatchUp, policy.Open, true
	kept.History = policy.History{Count: 10_000, Age: time.Hour}
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	hub, err := signalr.NewHub("/signalr", nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := inprocess.Start(t, 3, func(c *server.Config) { c.Rules, c.SignalR = rules, []*signalr.Hub{hub} })
	var targets []string
	for _, s := range all {
		targets = append(targets, "http://"+s.HTTPAddr().String())
	}
	return &node{addr: proxies.Balance(t, targets, proxies.Habits{}).Addr()}, all
}

func TestMicrosoftsClientNeedsNoStickinessOfABalancer(t *testing.T) {
	n, _ := serveBalanced(t)
	for _, by := range []string{"ws json", "ws messagepack", "sse json", "poll json", "poll messagepack"} {
		t.Run(by, func(t *testing.T) { run(t, "talk.mjs", n, "/signalr", strings.Fields(by)...) })
	}
}

func TestWithStatefulReconnectAClientThatReachesAnotherNodeStartsAnew(t *testing.T) {
	n, _ := serveBalanced(t)
	for _, protocol := range []string{"json", "messagepack"} {
		t.Run(protocol, func(t *testing.T) { run(t, "anew.mjs", n, "/signalr", "ws", protocol) })
	}
}

func TestARequestOfNoConnectionIsRefusedByEveryNode(t *testing.T) {
	n, all := serveBalanced(t)
	for range 2 * len(all) {
		answer, err := http.Get("http://" + n.addr + "/signalr?id=made-up")
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s, %v", answer.Status, err)
		}
	}
}
