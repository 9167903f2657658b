package together

import (
	"testing"
	"time"
)

// ackTimeout is when a message that nobody has stored is given up.
const ackTimeout = 10 * time.Second

func TestWhoPublishesSeesNothingOfALeaderThatIsKilledButAMoment(t *testing.T) {
	all := configs(t, 3)
	b, c := startChild(t, all[1]), startChild(t, all[2])
	a := open(t, all[0])
	for _, n := range []*child{b, c} {
		if err := <-n.ready; err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the log is on three nodes", func() bool { return a.replicas(t) == 3 })
	a.leadBy(t, "b")
	w := startWriter(a, "chat/a")
	eventually(t, "messages are stored", func() bool { return w.count() > 100 })
	b.kill()
	killed := time.Now()
	before := w.count()
	eventually(t, "messages are stored again", func() bool { return w.count() > before+500 })
	t.Logf("%s after the kill 500 more were acknowledged", time.Since(killed).Round(time.Millisecond))
	w.finish(t, "chat/a", a)
	if w.slow > ackTimeout {
		t.Errorf("a message waited %s", w.slow)
	}
}
