package socket

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

func TestAnAnswerThatGotLostCanBeAskedForAgain(t *testing.T) {
	e := start(t)
	c := e.dialHTTP(false)
	c.send(&protocol.Ping{})
	first, err := c.bare().poll(patience(t), "?after=0")
	if err != nil {
		t.Fatal(err)
	}
	c.send(&protocol.Ping{})
	again, err := c.bare().poll(patience(t), "?after=0")
	if err != nil || !slices.EqualFunc(first.Messages, again.Messages[:1], slices.Equal) || again.Next != 2 || len(again.Messages) != 2 {
		t.Errorf("first %+v, then %+v, %v", first, again, err)
	}
	if rest, err := c.bare().poll(patience(t), "?after=1"); err != nil || len(rest.Messages) != 1 || rest.Next != 2 {
		t.Errorf("then %+v, %v", rest, err)
	}
	if none, err := c.bare().poll(patience(t), "?after=2&wait=0"); err != nil || len(none.Messages) != 0 || none.Next != 2 {
		t.Errorf("then %+v, %v", none, err)
	}
	c.wantStatus(http.StatusConflict, "arrived before", http.MethodGet, "?after=1", "")
	c.send(&protocol.Ping{})
	if more, err := c.bare().poll(patience(t), "?after=2"); err != nil || len(more.Messages) != 1 || more.Next != 3 {
		t.Errorf("in the end %+v, %v", more, err)
	}
}

func TestOfTwoPollsTheNewerIsAnswered(t *testing.T) {
	e := start(t)
	c := e.dialHTTP(false)
	older := make(chan string, 1)
	go func() {
		status, text, err := c.bare().status(http.MethodGet, "?after=0", "")
		older <- fmt.Sprint(status, text, err)
	}()
	waitUntil(t, "the older one waits", func() bool { return e.exchanges.list()[0].down.(*polls).attended() })
	newer := make(chan string, 1)
	go func() {
		status, text, err := c.bare().status(http.MethodGet, "?after=0", "")
		newer <- fmt.Sprint(status, text, err)
	}()
	if got := <-older; !strings.HasPrefix(got, "409") {
		t.Errorf("the older one is answered with %s", got)
	}
	c.send(&protocol.Ping{})
	if got := <-newer; !strings.HasPrefix(got, `200{"next":1,"messages":[{"id":1,"ok":{}}]}`) {
		t.Errorf("the newer one is answered with %s", got)
	}
}

func TestAPollThatCannotBeIsToldWhyAndEndsItsConnection(t *testing.T) {
	for _, test := range []struct{ query, has string }{
		{"", `after=""`},
		{"?after=x", `after="x"`},
		{"?after=-1", `after="-1"`},
		{"?after=1", "nothing has been sent"},
		{"?after=0&wait=soon", `wait="soon"`},
	} {
		e := start(t)
		c := e.dialHTTP(false)
		c.wantStatus(http.StatusBadRequest, test.has, http.MethodGet, test.query, "")
		c.wantStatus(http.StatusOK, `"close":{"code":4400,`, http.MethodGet, "?after=0", "")
		c.wantStatus(http.StatusNotFound, "no such connection", http.MethodGet, "?after=0", "")
	}
	e := start(t)
	e.dialHTTP(true).wantStatus(http.StatusBadRequest, "is not polled", http.MethodGet, "?after=0", "")
}

// What is kept for a client that does not poll is bounded, and it gets all that the history has in the end.
func TestWhatWaitsForAClientThatDoesNotPollIsBounded(t *testing.T) {
	e := start(t)
	c := e.dialHTTP(false)
	c.connect(nil)
	c.subscribe(&protocol.Subscribe{Channel: "kept/a"})
	c.next() // live
	p := e.exchanges.list()[0].down.(*polls)
	const n = 60
	e.dial().fill("kept/a", n)
	p.mu.Lock()
	bytes := p.bytes
	p.mu.Unlock()
	if most := e.config.SendQueueBytes; bytes > most || bytes < most/2 {
		t.Errorf("%d bytes wait, of %d", bytes, most)
	}
	for next := 0; next < n; {
		if m, ok := c.next().Push.(*protocol.Message); ok {
			if want := fmt.Sprint(next, " "); !strings.HasPrefix(string(m.Data), want) {
				t.Fatalf("got %.10s, want %s", m.Data, want)
			}
			next++
		}
	}
}

func TestAnswersToPollsAreSpacedAndGatherWhatComesMeanwhile(t *testing.T) {
	e := start(t)
	c := e.dialHTTP(false)
	c.subscribe(&protocol.Subscribe{Channel: "e"})
	c.next() // live
	quick := e.dial()
	const n = 200
	go func() {
		for range n {
			quick.send(&protocol.Publish{Channel: "e", Payload: protocol.Text("x")})
		}
	}()
	begun, polls := time.Now(), 0
	for got := 0; got < n; polls++ {
		answer, err := c.bare().poll(patience(t), fmt.Sprint("?after=", c.bare().next))
		if err != nil {
			t.Fatal(err)
		}
		c.bare().next = answer.Next
		for _, m := range answer.Messages {
			got += strings.Count(string(m), `"message"`)
		}
	}
	if most := 2 + int(time.Since(begun)/pollSpacing); polls > most {
		t.Errorf("%d polls were answered, want at most %d", polls, most)
	}
}

// cut is a way to a client that breaks when an answer is written.
type cut struct{ *httptest.ResponseRecorder }

func (cut) Write([]byte) (int, error)        { return 0, net.ErrClosed }
func (cut) SetReadDeadline(time.Time) error  { return nil }
func (cut) SetWriteDeadline(time.Time) error { return nil }

func TestAnAnswerThatCannotBeWrittenIsNoFaultOfTheClient(t *testing.T) {
	e := start(t)
	c := e.dialHTTP(false)
	c.send(&protocol.Ping{})
	r := httptest.NewRequest(http.MethodGet, Path+"?after=0", nil)
	r.Header.Set(connectionHeader, c.bare().id)
	e.ServeHTTP(cut{httptest.NewRecorder()}, r)
	c.reply(1, &protocol.PingOK{})
	c.reply(c.send(&protocol.Ping{}), &protocol.PingOK{})
}
