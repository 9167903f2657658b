package server

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/health"
)

func TestTroubleThatAllNodesShareMakesNoneOfThemNotReady(t *testing.T) {
	quorate := true
	o := &canaryOthers{failed: map[string]map[string]bool{}, alive: map[string]bool{}, own: map[string]bool{}, quorate: func() bool { return quorate }}
	wants := func(when string, log, certificate bool) {
		t.Helper()
		for check, want := range map[string]bool{checkLog: log, checkCertificate: certificate, checkHub: false, checkListener: false} {
			if got := o.excuse(check) != ""; got != want {
				t.Errorf("%s: %s excused is %v", when, check, got)
			}
		}
	}
	wants("alone", false, true)
	o.seen(cluster.Node{ID: "b", State: cluster.Ready}, true)
	o.seen(cluster.Node{ID: "c", State: cluster.NotReady}, true)
	wants("the others are well", false, false)
	o.changed("b", checkLog, []byte("1"))
	wants("one of them is", false, false)
	o.changed("c", checkLog, []byte("1"))
	o.changed("b", checkCertificate, []byte("1"))
	wants("no log works", true, false)
	quorate = false
	wants("no log works that this node sees, which is few", false, false)
	quorate = true
	o.changed("c", checkLog, nil)
	wants("one works again", false, false)
	o.seen(cluster.Node{ID: "c", State: cluster.Draining}, true)
	wants("that one leaves", true, true)
	o.seen(cluster.Node{ID: "b"}, false)
	o.changed("b", checkLog, nil)
	wants("alone again", false, true)
}

func TestNodesKnowOfEachOtherWhatHasFailed(t *testing.T) {
	nats := sharedNATS(t)
	a := start(t, sharing(nats, "a"), watched)
	b := start(t, sharing(nats, "b")) // whose canary would find its log in order
	a.waitUntil(health.Ready)
	b.waitUntil(health.Ready)
	until(t, func() bool {
		n, alive := a.cluster.Node(b.cluster.Self().ID)
		return alive && n.State == cluster.Ready
	})
	excused := func() bool { return a.canary.others.excuse(checkLog) != "" }
	if excused() {
		t.Error("the log of b is taken for broken")
	}
	b.canary.others.note(checkLog, false)
	until(t, excused)
	b.canary.others.note(checkLog, true)
	until(t, func() bool { return !excused() })
	b.canary.ready.Drain("it stops")
	until(t, func() bool {
		n, alive := a.cluster.Node(b.cluster.Self().ID)
		return alive && n.State == cluster.Draining
	})
}

func TestANodeWithALogOfItsOwnKnowsOfNoMajority(t *testing.T) {
	n := start(t, watched, keepingIn(t, broker.Config{Dir: t.TempDir(), SyncInterval: time.Hour}))
	if _, together := n.store.logs.Membership(); together || !n.canary.others.quorate() {
		t.Error("it takes itself for one of several")
	}
}
