package outbox

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestOnlyTheNewestPongIsSentAndItOvertakesWholeFramesOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, 100, 3)
		o.Send([]byte("partly")) // "par" is out
		o.Send([]byte("next"))
		for _, p := range []string{"P1", "P2", "P3"} {
			o.Pong(buffer(p))
		}
		if o.size != len("partly")+len("next")+len("P3") {
			t.Errorf("%d bytes are counted", o.size)
		}
		s.gate <- nil
		s.gate <- nil
		synctest.Wait()
		s.wantWrites(t, "par", "tly", "P3next")
		o.wantIdle(t)
	})
}

func TestAPongBeforeALargeFrameLeavesAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, s := newBox(t, plenty, 0)
		large := strings.Repeat("x", pooledBytes)
		o.Send([]byte("first"))
		o.Send([]byte(large))
		o.Pong(buffer("P"))
		for range 3 {
			s.gate <- nil
		}
		synctest.Wait()
		s.wantWrites(t, "first", "P", large)
		o.wantIdle(t)
	})
}
