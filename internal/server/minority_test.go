package server

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/engine"
)

func TestANodeThatIsCutOffAsksItsClientsToGoToTheOthersOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		members, together, alone := engine.Membership{Connected: 2, Known: 3, Needed: 2}, true, false
		var asked []string
		m := &minority{
			membership: func() (engine.Membership, bool) { return members, together },
			alone:      func() bool { return alone },
			ask: func(_ context.Context, endpoints []string) {
				slices.Sort(endpoints)
				asked = append(asked, fmt.Sprint(endpoints))
			},
			known: map[string][]string{},
		}
		m.seen(cluster.Node{Name: "b", Endpoints: []string{"wss://b"}}, true)
		m.seen(cluster.Node{Name: "c", Endpoints: []string{"wss://old"}}, true)
		m.seen(cluster.Node{Name: "c", Endpoints: []string{"wss://c"}}, true)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			m.run(ctx)
		}()
		pass := func(d time.Duration, want int) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if len(asked) != want {
				t.Errorf("asked %q, want %d", asked, want)
			}
		}
		pass(time.Minute, 0)
		m.seen(cluster.Node{Name: "b"}, false)
		m.seen(cluster.Node{Name: "c"}, false)
		members.Connected = 0
		pass(time.Minute, 0) // it hears another node: not alone
		alone = true
		pass(5*time.Second, 0) // it may be a moment only
		pass(time.Minute, 1)
		if asked[0] != "[wss://b wss://c]" {
			t.Errorf("asked to go to %s", asked[0])
		}
		alone, members.Connected = false, 2
		pass(10*time.Second, 1)
		alone, members.Connected = true, 0
		pass(10*time.Second, 2)
		alone, together = true, false // it keeps no logs with others
		pass(10*time.Second, 2)
		together, members = true, engine.Membership{Connected: 0, Known: 2, Needed: 2}
		pass(10*time.Second, 2) // of two, none has a majority
		stop()
		<-done
	})
}
