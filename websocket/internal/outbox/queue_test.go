package outbox

import (
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
)

func TestAQueueThatNeverEmptiesKeepsItsOrderAndItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, plenty, 0)
		var want []string
		send := func() {
			n := strconv.Itoa(len(want))
			want = append(want, n)
			wantResult(t, o.Send([]byte(namedFrame(n, pooledBytes/2))), Queued) // too large to be gathered
		}
		for range 6 {
			send()
		}
		for range 100 {
			s.gate <- nil
			synctest.Wait()
			send()
			o.wantNoRemains(t)
		}
		if c := cap(o.queue); c > 32 {
			t.Errorf("room for %d frames where 5 wait", c)
		}
		close(s.gate)
		synctest.Wait()
		o.wantIdle(t)
		if got := names(t, s.stream()); !slices.Equal(got, want) {
			t.Errorf("left as %v", got)
		}
	})
}

// wantNoRemains checks that the queue's unused places hold nothing.
func (o *Outbox) wantNoRemains(t *testing.T) {
	t.Helper()
	for i, it := range o.queue[:cap(o.queue)] {
		if (i < o.head || i >= len(o.queue)) && it.b != nil {
			t.Fatalf("place %d of the queue still holds a frame that has left", i)
		}
	}
}

func TestAFrameThatWaitedIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, plenty, 0)
		for range 6 {
			o.Send([]byte(namedFrame("x", pooledBytes/2)))
		}
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		o.wantNoRemains(t)
		close(s.gate)
	})
}
