package mqtt

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
)

// Here two edges have the same logs, and the second takes the first for a node that has gone, as it is when that is cut off from
// the others.

func TestTheWillOfAClientWhoseNodeHasGoneIsPublishedOnce(t *testing.T) {
	for name, options := range map[string][]func(*packet.Connect){
		"without a session": {lastWord(0)},
		"with a session":    {lastWord(0), lasting(99)},
		"with a delay":      {lastWord(1), lasting(99)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLogs(t)
			one := l.start(true)
			heard := one.connect(packet.V5, "hears").subscribe("Topic/C", 1)
			a := one.connect(packet.V5, "a", options...)
			two := l.startNode(Config{Grace: 100 * time.Millisecond})
			b := two.connect(packet.V5, "b").subscribe("Topic/C", 1)
			two.Begin(patience(t))
			a.wantEnd(packet.SessionTakenOver)
			b.want("Topic/C", "lost")
			b.wantNothing()
			heard.wantNothing()
		})
	}
}

func TestAWillIsNotPublishedIfTheClientComesFromANodeThatHasGone(t *testing.T) {
	for name, again := range map[string][]func(*packet.Connect){
		"with a clean start": {},
		"to its session":     {resuming, lasting(99)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := openLogs(t)
			one := l.start(true)
			a := one.connect(packet.V5, "a", lastWord(0), lasting(99))
			two := l.startNode(Config{Grace: time.Second})
			b := two.connect(packet.V5, "b").subscribe("Topic/C", 1)
			two.Begin(patience(t))
			a.wantEnd(packet.SessionTakenOver)
			two.connect(packet.V5, "a", again...)
			due := time.Now().Add(1200 * time.Millisecond)
			until(t, "the time to come back is over", func() bool { return time.Now().After(due) })
			b.wantNothing()
		})
	}
}

func TestWhatIsSentToAClientThatIsAwayIsKeptWhenItsNodeHasGone(t *testing.T) {
	l := openLogs(t)
	one := l.start(true)
	one.connect(packet.V5, "a", lasting(99)).subscribe("live/#", 1).drop()
	until(t, "it is away", func() bool { _, away := one.sessions.counts(); return away == 1 })
	two := l.startNode(Config{})
	two.Begin(patience(t))
	two.connect(packet.V5, "b").publish("live/x", "meanwhile", 1)
	a := two.connect(packet.V5, "a", resuming, lasting(99))
	if !a.connack.SessionPresent {
		t.Error("the session is gone")
	}
	a.want("live/x", "meanwhile")
	until(t, "the first node knows that", func() bool { return one.sessions.count() == 0 })
}

func TestOfTwoNodesThatHaveASessionTheLastOneKeepsIt(t *testing.T) {
	l := openLogs(t)
	one, two := l.start(false), l.start(false)
	a := one.connect(packet.V5, "a", lasting(99)).subscribe("kept/#", 1)
	again := two.connect(packet.V5, "a", resuming, lasting(99)) // at once, before anybody can have heard of it
	if !again.connack.SessionPresent {
		t.Error("the session has not been found")
	}
	a.wantEnd(packet.SessionTakenOver)
	again.publish("kept/x", "here", 1)
	again.want("kept/x", "here")
	third := one.connect(packet.V5, "a", lasting(99))
	again.wantEnd(packet.SessionTakenOver)
	if third.connack.SessionPresent {
		t.Error("the session was to be a new one")
	}
}
