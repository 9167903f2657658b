package nodes

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// publish publishes by one node, until it is acknowledged, and tells how long that took.
func publish(t *testing.T, n *Node, channel, id, text string) time.Duration {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	said := ""
	for begun := time.Now(); time.Since(begun) < patience; <-tick.C {
		if said = post(t, n, channel, id, text); said == "" {
			return time.Since(begun)
		}
	}
	t.Fatalf("%q was not acknowledged by %s: %s", text, n.Name, said)
	return 0
}

// post says what is wrong, if anything is.
func post(t *testing.T, n *Node, channel, id, text string) string {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+n.HTTP+"/channels/"+channel, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Idempotency-Key", id)
	answer, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	said, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode/100 == 2 {
		return ""
	}
	return answer.Status + " " + string(said)
}

// history reads a channel by one node.
func history(t *testing.T, n *Node, channel string) string {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.HTTP+"/channels/"+channel+"?last=100", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestThreeProcessesShareAHistoryAndTheTwoThatAreLeftGoOn(t *testing.T) {
	c := Start(t, 3, Options{})
	for _, n := range c.Nodes {
		publish(t, n, "chat/a", n.Name, "by "+n.Name)
	}
	c.Nodes[0].Kill(t)
	took := publish(t, c.Nodes[1], "chat/a", "after", "after the kill")
	t.Logf("acknowledged %s after the kill", took)
	for _, n := range c.Nodes[1:] {
		for deadline := time.Now().Add(patience); !strings.Contains(history(t, n, "chat/a"), "after the kill"); {
			if time.Now().After(deadline) {
				t.Fatalf("%s has %s", n.Name, history(t, n, "chat/a"))
			}
		}
		for _, by := range c.Nodes {
			if !strings.Contains(history(t, n, "chat/a"), "by "+by.Name) {
				t.Errorf("%s lacks the message of %s", n.Name, by.Name)
			}
		}
	}
	c.Nodes[0].Start(t)
	c.Nodes[0].AwaitReady(t)
	publish(t, c.Nodes[0], "chat/a", "again", "by the one that came back")
}
