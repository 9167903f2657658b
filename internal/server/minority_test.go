package server

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/engine"
)

func TestANodeThatIsCutOffAsksItsClientsToGoToTheOthersOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type view struct {
			members         engine.Membership
			together, alone bool
		}
		var now atomic.Pointer[view]
		asked := make(chan string, 9)
		m := &minority{
			membership: func() (engine.Membership, bool) { return now.Load().members, now.Load().together },
			alone:      func() bool { return now.Load().alone },
			ask: func(_ context.Context, endpoints []string) {
				slices.Sort(endpoints)
				asked <- fmt.Sprint(endpoints)
			},
			known: map[string][]string{},
		}
		three := engine.Membership{Connected: 2, Known: 3, Needed: 2}
		cut := engine.Membership{Connected: 0, Known: 3, Needed: 2}
		now.Store(&view{three, true, false})
		m.seen(cluster.Node{Name: "b", Endpoints: []string{"wss://b"}}, true)
		m.seen(cluster.Node{Name: "c", Endpoints: []string{"wss://old"}}, true)
		m.seen(cluster.Node{Name: "c", Endpoints: []string{"wss://c"}}, true)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			m.run(ctx)
		}()
		pass := func(d time.Duration, v view, want int) {
			t.Helper()
			now.Store(&v)
			time.Sleep(d)
			synctest.Wait()
			if len(asked) != want {
				t.Errorf("asked %d times, want %d", len(asked), want)
			}
		}
		pass(time.Minute, view{three, true, false}, 0)
		m.seen(cluster.Node{Name: "b"}, false)
		m.seen(cluster.Node{Name: "c"}, false)
		pass(time.Minute, view{cut, true, false}, 0)  // it hears another node: not alone
		pass(5*time.Second, view{cut, true, true}, 0) // it may be a moment only
		pass(time.Minute, view{cut, true, true}, 1)   // it is not
		pass(10*time.Second, view{three, true, false}, 1)
		pass(10*time.Second, view{cut, true, true}, 2)
		pass(10*time.Second, view{cut, false, true}, 2)                                                 // it keeps no logs with others
		pass(10*time.Second, view{engine.Membership{Connected: 0, Known: 2, Needed: 2}, true, true}, 2) // of two, none has a majority
		for range 2 {
			if got := <-asked; got != "[wss://b wss://c]" {
				t.Errorf("asked to go to %s", got)
			}
		}
		stop()
		<-done
	})
}
