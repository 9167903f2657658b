package client

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// network is where several endpoints are, which all lead to one fake.
type network struct {
	f           *fake
	tried       []string
	unreachable map[string]bool
}

// several returns the options of a client that knows a fake by several host names.
func (f *fake) several(others ...string) (*Options, *network) {
	n := &network{f: f, unreachable: map[string]bool{}}
	o := f.options()
	o.WebSocket.NetDial = n.dial
	for _, host := range others {
		o.Endpoints = append(o.Endpoints, "ws://"+host+"/socket")
	}
	return o, n
}

func (n *network) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	n.tried = append(n.tried, addr)
	if n.unreachable[addr] {
		return nil, errors.New("unreachable")
	}
	return n.f.listener.dial(ctx, network, addr)
}

// back waits until the client is connected, and returns where it has tried to since the last call.
func (n *network) back(c *Client) []string {
	synctest.Wait()
	for c.State() != Ready {
		time.Sleep(10 * time.Millisecond)
		synctest.Wait()
	}
	tried := n.tried
	n.tried = nil
	return tried
}

func TestClientsBeginAtARandomOneOfSeveralEndpoints(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o, n := f.several("b", "c")
		counts := map[string]int{}
		for range 90 {
			c, err := Dial(t.Context(), "ws://a/socket", o)
			if err != nil {
				t.Fatal(err)
			}
			counts[n.back(c)[0]]++
			shutDown(t, c)
		}
		for _, addr := range []string{"a:80", "b:80", "c:80"} {
			if counts[addr] < 10 {
				t.Errorf("%d of 90 begin at %s", counts[addr], addr)
			}
		}
	})
}

func TestAfterADropTheNextAttemptIsAtAnotherEndpointWithinHalfASecond(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o, n := f.several("b", "c")
		c, err := Dial(t.Context(), "ws://a/socket", o)
		if err != nil {
			t.Fatal(err)
		}
		at := n.back(c)[0]
		for range 10 {
			time.Sleep(20 * time.Second)
			dropped := time.Now()
			f.dropAll()
			tried := n.back(c)
			if len(tried) != 1 || tried[0] == at || time.Since(dropped) > 600*time.Millisecond {
				t.Errorf("from %s to %v within %v", at, tried, time.Since(dropped))
			}
			at = tried[0]
		}
		shutDown(t, c)
	})
}

func TestAnEndpointThatIsDeadIsPassedOverForAWhile(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o, n := f.several("b")
		c, err := Dial(t.Context(), "ws://a/socket", o)
		if err != nil {
			t.Fatal(err)
		}
		at := n.back(c)[0]
		other := map[string]string{"a:80": "b:80", "b:80": "a:80"}[at]
		n.unreachable[other] = true
		for range 4 { // within the half minute
			time.Sleep(6 * time.Second)
			f.dropAll()
			if tried := n.back(c); tried[len(tried)-1] != at || len(n.tried) > 2 {
				t.Errorf("%v while %s is dead", tried, other)
			}
		}
		time.Sleep(time.Minute)
		n.unreachable[other] = false
		f.dropAll()
		if tried := n.back(c); !slices.Equal(tried, []string{other}) {
			t.Errorf("%v when it has had its rest", tried)
		}
		shutDown(t, c)
	})
}

func TestEndpointsThatTheServerTellsAreTriedButNotWithoutEncryption(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		f.endpoints = []string{"ws://told/socket"}
		o, n := f.several()
		c, err := Dial(t.Context(), "ws://a/socket", o)
		if err != nil {
			t.Fatal(err)
		}
		n.back(c)
		f.dropAll()
		if tried := n.back(c); !slices.Equal(tried, []string{"told:80"}) {
			t.Errorf("%v", tried)
		}
		shutDown(t, c)
	})
	e := newEndpoints([]string{"wss://a/socket"})
	for range 3 {
		if to := e.instead([]string{"ws://plain/socket"}, []string{"ws://told/socket"}); to != "wss://a/socket" {
			t.Errorf("it goes to %s", to)
		}
		e.rest("wss://a/socket", restFailed)
	}
}

func TestAClientMovesWhereTheServerProposesInThatOrder(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o, n := f.several("b")
		c, err := Dial(t.Context(), "ws://a/socket", o)
		if err != nil {
			t.Fatal(err)
		}
		n.back(c)
		n.unreachable["x:80"] = true
		f.tell(&protocol.Move{Why: protocol.WhyDrain, Endpoints: []string{"ws://x/socket", "ws://y/socket"}})
		time.Sleep(time.Second)
		if tried := n.back(c); !slices.Equal(tried, []string{"x:80", "y:80"}) {
			t.Errorf("%v", tried)
		}
		shutDown(t, c)
	})
}

func TestARefusalThatNamesATimeIsNotComeBackToBefore(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		start := time.Now()
		f.with(func() { f.away, f.awayHeader = true, http.Header{"Retry-After": {"7"}} })
		f.dropAll()
		time.AfterFunc(2*time.Second, func() { f.letIn(true) })
		publish(t, c, "a", "back")
		if d := time.Since(start); d < 7*time.Second || d > 9*time.Second {
			t.Errorf("back after %v", d)
		}
		f.with(func() { f.away, f.awayHeader = true, http.Header{"Retry-After": {"36000"}} })
		f.dropAll()
		time.AfterFunc(2*time.Second, func() { f.letIn(true) })
		start = time.Now()
		publish(t, c, "a", "back")
		if d := time.Since(start); d < longestAsked || d > longestAsked+10*time.Second {
			t.Errorf("back after %v", d)
		}
		shutDown(t, c)
	})
}
