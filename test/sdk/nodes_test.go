package sdk

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"encoding/json"
	"sync"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/server"
	"github.com/holdfast-dev/holdfast/test/nodes/inprocess"
	"github.com/holdfast-dev/holdfast/test/proxies"
)

// balanced runs three nodes and a proxy in front of them that sends each request to the next one. Channels below chat/ keep their
// messages.
func balanced(t *testing.T, habits proxies.Habits) *proxies.Proxy {
	t.Helper()
	kept := policy.Default()
	kept.Channels, kept.Slow, kept.Access = "chat/#", policy.SlowCatchUp, policy.Open
	kept.History = policy.History{Count: 10_000, Age: time.Hour}
	rules, err := policy.NewRules(kept)
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, s := range inprocess.Start(t, 3, func(c *server.Config) { c.Rules = rules }) {
		targets = append(targets, "http://"+s.HTTPAddr().String())
	}
	return proxies.Balance(t, targets, habits)
}

func TestTheGoSDKNeedsNoStickinessOfABalancer(t *testing.T) {
	for _, by := range []client.Transport{client.TransportWebSocket, client.TransportStream, client.TransportPolls} {
		t.Run(by.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			front := balanced(t, proxies.Habits{})
			c, err := client.Dial(ctx, "ws://"+front.Addr()+"/socket", &client.Options{Transports: []client.Transport{by}})
			if err != nil {
				t.Fatal(err)
			}
			heard, err := c.Channel("chat/a").Subscribe(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			const messages = 100
			var publishing sync.WaitGroup
			publishing.Go(func() {
				for i := range messages {
					if _, err := c.Channel("chat/a").Publish(ctx, client.Text(strconv.Itoa(i)), nil); err != nil {
						t.Errorf("message %d: %v", i, err)
						return
					}
				}
			})
			next := 0
			for m, err := range heard.Messages(ctx) {
				if err != nil || m.Text() != strconv.Itoa(next) {
					t.Fatalf("got %q, %v; want %d", m.Text(), err, next)
				}
				if next++; next == messages {
					break
				}
			}
			publishing.Wait()
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
			if opened := front.Opened(); len(opened) != 1 {
				t.Errorf("it has connected by %q; once was enough", opened)
			}
		})
	}
}

func TestTheTypeScriptSDKNeedsNoStickinessOfABalancer(t *testing.T) {
	dir := build(t)
	for name, habits := range map[string]proxies.Habits{
		"stream": {Upgrades: proxies.Strip},
		"polls":  {Upgrades: proxies.Strip, Buffers: true},
	} {
		t.Run(name, func(t *testing.T) {
			const messages = 40
			front := balanced(t, habits)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			talk := exec.CommandContext(ctx, "node", "--experimental-websocket", "--no-warnings",
				filepath.Join("testdata", "talk.mjs"), dir, "ws://"+front.Addr(), "json", fmt.Sprint(messages))
			talk.Stderr = os.Stderr
			stdin, err := talk.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			var others sync.WaitGroup
			others.Go(func() {
				if err := answer(ctx, front.Addr(), messages); err != nil {
					t.Error(err)
				}
				stdin.Close() // it may have ended
			})
			out, err := talk.Output()
			others.Wait()
			if err != nil {
				t.Fatalf("talk.mjs: %v\n%s", err, out)
			}
			var got report
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			check(t, front.Addr(), &got)
		})
	}
}
