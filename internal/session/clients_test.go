package session_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
)

var (
	here   = netip.MustParseAddr("192.0.2.1")
	there  = netip.MustParseAddr("192.0.2.2")
	nobody = new(auth.Identity)
)

func newClients(t *testing.T, limits policy.Limits) *session.Clients {
	return session.NewClients(accessRules(t), limits, nil)
}

// wantLimit checks that err is a refusal by a limit.
func wantLimit(t *testing.T, err error, limit string, after time.Duration) {
	t.Helper()
	if got, ok := errors.AsType[*session.LimitError](err); !ok || got.Limit != limit || got.After != after {
		t.Errorf("got %#v, want %s after %s", err, limit, after)
	}
}

func TestConnectionsAreCountedByNodeAddressAndUser(t *testing.T) {
	cs := newClients(t, policy.Limits{Connections: 4, ConnectionsPerAddress: 2, ConnectionsPerUser: 2})
	ada := &auth.Identity{User: "ada"}
	admit := func(from netip.Addr, who *auth.Identity) *session.Client {
		t.Helper()
		c, err := cs.Admit("test", from, who)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	refused := func(from netip.Addr, who *auth.Identity, limit string) {
		t.Helper()
		_, err := cs.Admit("test", from, who)
		wantLimit(t, err, limit, 10*time.Second)
	}
	first, second := admit(here, ada), admit(here, nobody)
	refused(here, nobody, "limits.connections_per_address")
	third := admit(there, ada)
	refused(there, ada, "limits.connections_per_user")
	if err := third.Identify(&auth.Identity{User: "bob"}, ""); err != nil {
		t.Error(err)
	}
	if err := third.Identify(ada, ""); err != nil {
		t.Error(err)
	}
	if err := third.Identify(ada, "again"); err != nil {
		t.Errorf("the same user counts twice: %v", err)
	}
	wantLimit(t, second.Identify(ada, ""), "limits.connections_per_user", 10*time.Second)
	fourth := admit(there, nobody)
	refused(netip.MustParseAddr("192.0.2.3"), nobody, "limits.connections")
	first.Leave()
	fifth := admit(here, ada)
	if n := cs.Count(); n != 4 {
		t.Errorf("%d are connected", n)
	}
	for _, c := range []*session.Client{second, third, fourth, fifth} {
		c.Leave()
	}
	cs.Close(t.Context(), "over")
	if _, err := cs.Admit("test", here, nobody); !errors.Is(err, session.ErrClosing) {
		t.Errorf("got %v", err)
	}
}

func TestANetworkOfIPv6IsOneAddressAndIPv4InItIsItself(t *testing.T) {
	cs := newClients(t, policy.Limits{ConnectionsPerAddress: 1})
	for _, test := range []struct {
		from string
		ok   bool
	}{
		{"2001:db8:0:1::1", true},
		{"2001:db8:0:1::2", false},
		{"2001:db8:0:2::1", true},
		{"192.0.2.1", true},
		{"::ffff:192.0.2.1", false},
		{"fe80::1%eth0", true},
		{"fe80::2%eth1", false},
	} {
		c, err := cs.Admit("test", netip.MustParseAddr(test.from), nobody)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.from, err)
		}
		if c != nil {
			defer c.Leave()
		}
	}
}

func TestHandshakesWaitForTheirTurnButNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{
			Handshakes:           policy.Rate{PerSecond: 1, Burst: 2},
			HandshakesPerAddress: policy.Rate{PerSecond: 1, Burst: 7},
		})
		began := time.Now()
		for range 7 { // two at once, and five that wait up to 5 s
			if err := cs.Knock(t.Context(), here); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("waited %s", waited)
		}
		for range 5 {
			go cs.Knock(t.Context(), there)
		}
		synctest.Wait()
		for k := range 3 { // each behind the other
			err := cs.Knock(t.Context(), netip.MustParseAddr("192.0.2.3"))
			limit, ok := errors.AsType[*session.LimitError](err)
			least := 6*time.Second + time.Duration(float64(k+1)/0.9*float64(time.Second))
			if !ok || limit.Limit != "limits.handshakes" || limit.After < least || limit.After > least+least/10+1 {
				t.Errorf("the refusal is %v; to come again after %v", err, least)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := cs.Knock(ctx, netip.MustParseAddr("192.0.2.4")); err == nil {
			t.Error("who has gone was let in")
		}
		for range 5 {
			cs.Knock(ctx, here)
		}
		wantLimit(t, cs.Knock(t.Context(), here), "limits.handshakes_per_address", time.Second)
	})
}

func TestWhatIsSentIsLimitedByConnectionAndByUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{
			Messages: policy.Rate{PerSecond: 10, Burst: 20}, MessagesPerUser: policy.Rate{PerSecond: 15, Burst: 30},
			Bytes: policy.Rate{PerSecond: 1000, Burst: 2000}, BytesPerUser: policy.Rate{PerSecond: 2000, Burst: 4000},
		})
		ada := &auth.Identity{User: "ada"}
		var conns []*session.Client
		for range 2 {
			c, err := cs.Admit("test", here, ada)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Leave()
			conns = append(conns, c)
		}
		for range 20 {
			if err := conns[0].Spend(1, 10); err != nil {
				t.Fatal(err)
			}
		}
		wantLimit(t, conns[0].Spend(1, 10), "limits.messages", 100*time.Millisecond)
		time.Sleep(100 * time.Millisecond)
		if err := conns[0].Spend(1, 10); err != nil {
			t.Error(err)
		}
		if err := conns[1].Spend(1, 2000); err != nil {
			t.Error(err)
		}
		wantLimit(t, conns[1].Spend(1, 10), "limits.bytes", 10*time.Millisecond)
		time.Sleep(time.Minute)
		for range 15 {
			conns[0].Spend(1, 1)
			conns[1].Spend(1, 1)
		}
		if err := conns[1].Spend(1, 1); err == nil || err.(*session.LimitError).Limit != "limits.messages_per_user" {
			t.Errorf("got %v", err)
		}
	})
}

func TestWhoCanNotBeToldIsMadeToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{Messages: policy.Rate{PerSecond: 1, Burst: 2}})
		c, err := cs.Admit("test", here, nobody)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Leave()
		began := time.Now()
		for range 5 {
			if !c.Pace(nil, 1, 1) {
				t.Fatal("gave up")
			}
		}
		if waited := time.Since(began); waited != 3*time.Second {
			t.Errorf("waited %s", waited)
		}
		over := make(chan struct{})
		close(over)
		if c.Pace(over, 1, 1) {
			t.Error("went on without a connection")
		}
	})
}

func TestARequestCountsTowardsTheLimitsOfItsAddressAndUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{Messages: policy.Rate{PerSecond: 1, Burst: 2}, MessagesPerUser: policy.Rate{PerSecond: 1, Burst: 3}})
		spend := func(from netip.Addr, user string) error {
			return cs.Visit("test", from, &auth.Identity{User: user}).Spend(1, 1)
		}
		for range 2 {
			if err := spend(here, ""); err != nil {
				t.Error(err)
			}
		}
		wantLimit(t, spend(here, ""), "limits.messages", time.Second)
		for i := range 3 {
			if err := spend(netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", 100+i)), "ada"); err != nil {
				t.Error(err)
			}
		}
		wantLimit(t, spend(there, "ada"), "limits.messages_per_user", time.Second)
	})
}

func TestWhoHasSentNothingForLongIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{Messages: policy.Rate{PerSecond: 1, Burst: 2}})
		for i := range 100_000 {
			a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
			if err := cs.Visit("test", a, nobody).Spend(2, 1); err != nil {
				t.Fatal(err)
			}
			if i%1000 == 0 {
				time.Sleep(3 * time.Second)
			}
		}
		if n := session.Addresses(cs); n > 5000 {
			t.Errorf("%d addresses are remembered", n)
		}
	})
}

// watched is a Connection that notes what is done to it.
type watched struct {
	expiring chan time.Duration
	ended    chan protocol.CloseCode
	away     chan string
	subs     []channel.Pattern
}

func newWatched() *watched {
	return &watched{expiring: make(chan time.Duration, 10), ended: make(chan protocol.CloseCode, 10), away: make(chan string, 10)}
}

func (w *watched) GoAway(_ context.Context, reason string)    { w.away <- reason }
func (w *watched) Expiring(in time.Duration)                  { w.expiring <- in }
func (w *watched) End(code protocol.CloseCode, reason string) { w.ended <- code }
func (w *watched) Subscriptions() []channel.Pattern           { return w.subs }

func TestAClientIsWarnedBeforeItsTokenExpiresAndThenEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{})
		began := time.Now()
		lasts := func(d time.Duration) *auth.Identity { return &auth.Identity{User: "ada", Expires: began.Add(d)} }
		c, err := cs.Admit("test", here, lasts(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		w := newWatched()
		c.Connected(w)
		if in := <-w.expiring; in != time.Minute || time.Since(began) != 59*time.Minute {
			t.Errorf("warned of %s after %s", in, time.Since(began))
		}
		if err := c.Identify(lasts(2*time.Hour), ""); err != nil {
			t.Fatal(err)
		}
		if in := <-w.expiring; in != time.Minute || time.Since(began) != 119*time.Minute {
			t.Errorf("warned of %s after %s", in, time.Since(began))
		}
		if code := <-w.ended; code != protocol.CloseUnauthorized || time.Since(began) != 2*time.Hour {
			t.Errorf("ended with %d after %s", code, time.Since(began))
		}
		if err := c.Identify(lasts(3*time.Hour), ""); err != nil {
			t.Fatal(err)
		}
		c.Leave()
		time.Sleep(2 * time.Hour)
		if len(w.expiring)+len(w.ended) > 0 {
			t.Error("one that has left is not left alone")
		}
	})
}

func TestAConnectionEndsWhenItIsOldOrIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{Lifetime: time.Hour, Idle: 10 * time.Minute})
		old, idle := newWatched(), newWatched()
		var clients []*session.Client
		for _, w := range []*watched{old, idle} {
			c, err := cs.Admit("test", here, nobody)
			if err != nil {
				t.Fatal(err)
			}
			c.Connected(w)
			clients = append(clients, c)
		}
		began := time.Now()
		for range 4 {
			time.Sleep(8 * time.Minute)
			if err := clients[0].Spend(1, 1); err != nil {
				t.Fatal(err)
			}
		}
		if len(old.ended) != 0 || len(idle.ended) != 1 || <-idle.ended != 1001 {
			t.Error("not the idle one alone was ended")
		}
		clients[1].Leave()
		for len(old.ended) == 0 {
			time.Sleep(time.Minute)
			clients[0].Spend(1, 1)
		}
		if lasted := time.Since(began); lasted < 53*time.Minute || lasted > 62*time.Minute {
			t.Errorf("it lasted %s", lasted)
		}
		clients[0].Leave()
	})
}

func TestClosingSendsEverybodyAwayAndWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cs := newClients(t, policy.Limits{})
		early, err := cs.Admit("test", here, nobody)
		if err != nil {
			t.Fatal(err)
		}
		late, err := cs.Admit("test", here, nobody)
		if err != nil {
			t.Fatal(err)
		}
		w := newWatched()
		if _, closing := early.Connected(w); closing {
			t.Error("closing too soon")
		}
		closed := make(chan struct{})
		go func() {
			cs.Close(t.Context(), "over")
			close(closed)
		}()
		if reason := <-w.away; reason != "over" {
			t.Errorf("reason %q", reason)
		}
		if reason, closing := late.Connected(newWatched()); !closing || reason != "over" {
			t.Errorf("the late one is told %q, %v", reason, closing)
		}
		early.Leave()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("did not wait")
		default:
		}
		late.Leave()
		<-closed
	})
}
