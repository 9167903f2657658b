package hostile

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSlowRequestsAndFramesHoldUpNobodyAndEndInTime(t *testing.T) {
	t.Parallel()
	n := newNode(t, nil)
	const each = 50
	began := time.Now()
	half := handshake("/channels/open/a")
	half = half[:len(half)-2]
	var ended, saying sync.WaitGroup
	over := make(chan struct{})
	open := func(name, send, rest string, want string) {
		c := n.connect(t)
		if err := c.SetDeadline(began.Add(2 * patience)); err != nil {
			t.Fatal(err)
		}
		c.send(send)
		saying.Go(func() { dribble(c, []byte(rest), over) })
		ended.Go(func() {
			b, err := io.ReadAll(c.r)
			if err != nil && !cutOff(err) {
				t.Errorf("%s: the server does not end the connection: %v", name, err)
			}
			if !strings.Contains(string(b), want) {
				t.Errorf("%s: the server says %q", name, b)
			}
		})
	}
	for range each {
		open("a header that stops", half, "", "")
		open("a header byte by byte", "", strings.Repeat("X: y\r\n", 100), "")
		open("a client that says nothing", "", "", "")
		open("a client of the protocol that says nothing", handshake("/socket"), "", "\x11\x38no command has come")
		open("a client of the protocol that pings alone", handshake("/socket"), strings.Repeat(frame(fin|9, ""), 100), "\x11\x38no command has come")
	}
	for range each { // these may take longer
		n.connect(t).send("POST /channels/open/a HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 9000\r\n\r\nabc")
		n.shake(t, "/channels/open/a").send(head(fin|1, 5000) + "abc")
	}
	done := make(chan struct{})
	go func() { ended.Wait(); close(done) }()
	for tick := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case <-done:
			tick.Stop()
			close(over)
			saying.Wait()
			n.flows(t)
			return
		case <-tick.C:
			n.flows(t)
			if got := n.ask(t, after); got != served {
				t.Fatalf("another client is answered with %s", got)
			}
		}
	}
}

func TestAClientThatReadsNothingIsNotWaitedFor(t *testing.T) {
	n := newNode(t, nil)
	before := levelNow()
	deaf := n.shake(t, "/channels/open/loud")
	speaker := n.shake(t, "/channels/open/loud?echo=false")
	message := frame(fin|1, strings.Repeat("a", maxMessage))
	for range 2000 { // 20 MB, which no socket buffer and no queue takes
		speaker.send(message)
	}
	n.flows(t)
	speaker.send(frame(fin|8, "\x03\xe8"))
	if got := speaker.untilClose(); got != "close 1000" {
		t.Errorf("the speaker is closed with %s", got)
	}
	if got := deaf.untilClose(); !strings.HasSuffix(got, "close 1013 too slow: the queue of unread messages is full") && !strings.HasSuffix(got, "cut off") {
		t.Errorf("the deaf one is closed with %.300s", got[max(0, len(got)-300):])
	}
	if err := deaf.Close(); err != nil {
		t.Error(err)
	}
	if err := speaker.Close(); err != nil {
		t.Error(err)
	}
	before.wantBack(t)
	n.flows(t)
}
