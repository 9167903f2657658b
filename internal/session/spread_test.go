package session_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// admit lets a client in that leaves at the end of the test.
func admit(t *testing.T, cs *session.Clients, who *auth.Identity) *session.Client {
	t.Helper()
	c, err := cs.Admit("test", here, who)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Leave)
	return c
}

func TestConnectionsOfAUserCountOnAllNodes(t *testing.T) {
	cs, ada := newClients(t, policy.Limits{ConnectionsPerUser: 3}), &auth.Identity{User: "ada"}
	session.HearUser(cs, "b", "ada", "1")
	session.HearUser(cs, "c", "ada", "1")
	session.HearUser(cs, "c", "ada", "many") // which is not counted
	session.HearUser(cs, "c", "ada", "-7")
	session.HearUser(cs, "b", "bob", "9")
	admit(t, cs, ada)
	refused := func() {
		t.Helper()
		_, err := cs.Admit("test", here, ada)
		wantLimit(t, err, "limits.connections_per_user", 10*time.Second)
	}
	refused()
	if err := admit(t, cs, nobody).Resume(ada, "s"); err != nil {
		t.Errorf("who takes the place of a connection on another node is refused: %v", err)
	}
	wantLimit(t, admit(t, cs, nobody).Resume(ada, "s"), "limits.connections_per_user", 10*time.Second)
	session.HearUser(cs, "b", "ada", "")
	refused()
	session.HearUser(cs, "c", "ada", "") // it is gone, too
	admit(t, cs, ada)
}

func TestAConnectionThatHasYieldedCountsNoMore(t *testing.T) {
	cs, ada := newClients(t, policy.Limits{ConnectionsPerUser: 1}), &auth.Identity{User: "ada"}
	old := admit(t, cs, ada)
	old.Yield()
	admit(t, cs, ada)
	old.Yield()
	if err := old.Identify(ada, "refreshed"); err != nil {
		t.Errorf("who has yielded can't go on until it ends: %v", err)
	}
	_, err := cs.Admit("test", here, ada)
	wantLimit(t, err, "limits.connections_per_user", 10*time.Second)
}

func TestAUserMaySendOnEachNodeWhatItsConnectionsThereAreOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rate := policy.Rate{PerSecond: 100, Burst: 100}
		cs, ada := newClients(t, policy.Limits{MessagesPerUser: rate, BytesPerUser: rate}), &auth.Identity{User: "ada"}
		c := admit(t, cs, ada)
		for _, test := range []struct {
			elsewhere string
			most      int // messages in a second
		}{{"", 100}, {"1", 50}, {"3", 25}, {"1000", 10}, {"", 100}} {
			session.HearUser(cs, "b", "ada", test.elsewhere)
			time.Sleep(time.Minute)
			sent := 0
			for c.Spend(1, 1) == nil {
				sent++
			}
			time.Sleep(time.Second)
			for c.Spend(1, 1) == nil {
				sent++
			}
			if sent < 2*test.most-2 || sent > 2*test.most+2 { // a bucket, and a second's worth
				t.Errorf("with %q connections on another node %d messages were sent at once and in a second, not %d", test.elsewhere, sent, 2*test.most)
			}
		}
	})
}
