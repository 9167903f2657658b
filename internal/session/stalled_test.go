package session

import (
	"fmt"
	"testing"
	"testing/synctest"
)

// A thousand readers that read nothing cost a bounded queue each, and nobody waits for them: a
// publication returns, and the others have it, while they are stalled.
func TestAThousandStalledReadersDelayNobodyAndAreCaughtUp(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		const messages = 200
		quick := newClient()
		defer w.subscribe(quick, "a", Start{}, w.catchUp()).Cancel()
		stalled := make([]*client, 1000)
		for i := range stalled {
			stalled[i] = newClient()
			defer w.subscribe(stalled[i], "a", Start{}, w.catchUp()).Cancel()
			stalled[i].stall()
		}
		want := []string{"live 0"}
		for i := range messages {
			w.publish("a", 1)
			want = append(want, fmt.Sprintf("a@%d", i+1))
		}
		quick.want(t, want...) // before anybody has drained
		before := w.log.Reads()
		for _, c := range stalled {
			if c.most > c.limit {
				t.Fatalf("%d messages waited for one of the stalled", c.most)
			}
			c.drain()
		}
		synctest.Wait()
		want = append(want, fmt.Sprintf("live %d", messages))
		for _, c := range stalled {
			c.want(t, want...)
		}
		if reads := w.log.Reads() - before; reads > 10 {
			t.Errorf("%d reads of the log; what all lack is to be read once", reads)
		}
	})
}
