package client

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// changes collects the changes of a client's state until it is over.
func changes(t *testing.T, c *Client) (collected func() []Change) {
	var all []Change
	done := make(chan struct{})
	go func() {
		defer close(done)
		for change := range c.States(t.Context()) {
			all = append(all, change)
		}
	}()
	synctest.Wait()
	return func() []Change {
		<-done
		return all
	}
}

func TestAttemptsWaitARandomTimeThatGrowsUpTo30Seconds(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		collected := changes(t, c)
		f.letIn(false)
		f.dropAll()
		time.Sleep(10 * time.Minute)
		shutDown(t, c)
		var waits []time.Duration
		for _, change := range collected() {
			if change.State == Waiting {
				waits = append(waits, change.Wait)
				if most := min(30*time.Second, 500*time.Millisecond<<min(len(waits)-1, 10)); change.Wait > most || change.Attempt != len(waits) {
					t.Errorf("attempt %d (%d) waits %v, want at most %v", len(waits), change.Attempt, change.Wait, most)
				}
			}
		}
		if longest := slices.Max(waits); len(waits) < 20 || longest < 10*time.Second {
			t.Errorf("%d waits in ten minutes, the longest of %v", len(waits), longest)
		}
	})
}

func TestTheBackoffStartsOverAfterAConnectionThatLivedTenSeconds(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		c := f.dial(t, nil)
		collected := changes(t, c)
		for range 10 {
			time.Sleep(12 * time.Second)
			f.dropAll()
		}
		time.Sleep(12 * time.Second)
		shutDown(t, c)
		for _, change := range collected() {
			if change.State == Waiting && (change.Wait > 500*time.Millisecond || change.Attempt != 1) {
				t.Errorf("%+v", change)
			}
			if change.State == Ready && !change.Resumed && change.Why != "" {
				t.Errorf("the session was not resumed: %+v", change)
			}
		}
	})
}

func TestWhereNobodyAnswersTheFirstDialFailsUnlessItIsToKeepTrying(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		f.away = true
		var refused *websocket.HandshakeError
		if _, err := Dial(t.Context(), "ws://fake/socket", f.options()); !errors.As(err, &refused) || refused.StatusCode != 503 {
			t.Errorf("error %v", err)
		}
		o := f.options()
		o.KeepTrying = true
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := Dial(ctx, "ws://fake/socket", o); !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &refused) {
			t.Errorf("error %v", err)
		}
		time.AfterFunc(time.Minute, func() { f.letIn(true) })
		shutDown(t, f.dial(t, o))
	})
}

func TestAnotherEndpointIsTriedWhenOneCannotBeReached(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o, network := f.several("second")
		network.unreachable["first:80"] = true
		c, err := Dial(t.Context(), "ws://first/socket", o)
		if err != nil || network.tried[len(network.tried)-1] != "second:80" {
			t.Fatal(network.tried, err)
		}
		shutDown(t, c)
	})
}

func TestAServerThatSaysNothingIsGivenUpWithinThePingBudget(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		var wire *deaf
		o.WebSocket.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := f.listener.dial(ctx, network, addr)
			if wire == nil {
				wire = &deaf{Conn: nc, stop: make(chan struct{}), closed: make(chan struct{})}
				return wire, err
			}
			return nc, err
		}
		c := f.dial(t, o)
		collected := changes(t, c)
		time.Sleep(time.Minute)
		if s := c.State(); s != Ready {
			t.Errorf("with a server that answers pings it is %v after a minute", s)
		}
		close(wire.stop)
		silent := time.Now()
		f.letIn(false)
		for c.State() == Ready {
			time.Sleep(time.Second)
		}
		if d := time.Since(silent); d < 20*time.Second || d > 55*time.Second {
			t.Errorf("given up after %v, want about 45 s", d)
		}
		f.letIn(true)
		time.Sleep(5 * time.Minute)
		shutDown(t, c)
		if all := collected(); !errors.Is(all[1].Err, websocket.ErrSilent) || all[len(all)-2].State != Ready {
			t.Errorf("%+v", all)
		}
	})
}

// deaf is a connection from which nothing comes any more once it is stopped.
type deaf struct {
	net.Conn
	stop, closed chan struct{}
	once         sync.Once
}

func (d *deaf) Read(p []byte) (int, error) {
	n, err := d.Conn.Read(p)
	select {
	case <-d.stop:
		if err == nil {
			<-d.closed
			return 0, net.ErrClosed
		}
	default:
	}
	return n, err
}

func (d *deaf) Close() error {
	d.once.Do(func() { close(d.closed) })
	return d.Conn.Close()
}

func TestCloseCodesDecideWhetherTheClientComesBack(t *testing.T) {
	for _, test := range []struct {
		code  websocket.CloseCode
		comes bool
		after time.Duration
	}{
		{code: 1000, comes: true}, {code: 1001, comes: true}, {code: 1011, comes: true}, {code: 1013, comes: true},
		{code: 4408, comes: true}, {code: 4429, comes: true, after: 10 * time.Second}, {code: 4503, comes: true},
		{code: 1008}, {code: 4400}, {code: 4401}, {code: 4403}, {code: 4409}, {code: 4499}, {code: 4500, comes: true},
	} {
		with(t, func(t *testing.T, f *fake) {
			c := f.dial(t, nil)
			s := subscribe(t, c, "a", nil)
			start := time.Now()
			for _, k := range f.all() {
				go k.conn.Close(context.Background(), test.code, "because")
			}
			synctest.Wait()
			if !test.comes {
				<-c.Done()
				if websocket.CloseCodeOf(c.Err()) != test.code {
					t.Errorf("%d: %v", test.code, c.Err())
				}
				for _, err := range s.Messages(t.Context()) {
					if websocket.CloseCodeOf(err) != test.code {
						t.Errorf("%d: the subscription ends with %v", test.code, err)
					}
				}
				if _, err := c.Channel("a").Publish(t.Context(), Text("x"), nil); websocket.CloseCodeOf(err) != test.code {
					t.Errorf("%d: %v", test.code, err)
				}
			} else {
				publish(t, c, "a", "back")
				want(t, s, "back")
				if d := time.Since(start); d < test.after {
					t.Errorf("%d: back after %v", test.code, d)
				}
			}
			shutDown(t, c)
		})
	}
}

func TestANewTokenIsFetchedOnceWhenTheLastIsRefusedAndAheadOfItsExpiry(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		var asked int
		o := f.options()
		o.Token = func(context.Context) (string, error) {
			asked++
			return string(rune('a' + asked - 1)), nil
		}
		f.refuse = func(v protocol.Verb) *protocol.Error {
			if connect, ok := v.(*protocol.Connect); ok && connect.Token != "b" {
				return protocol.Errorf(protocol.CodeTokenExpired, "%q is old", connect.Token)
			}
			return nil
		}
		f.expires = time.Hour
		refreshed := ""
		f.saw = func(v protocol.Verb) {
			if refresh, ok := v.(*protocol.Refresh); ok {
				refreshed = refresh.Token
			}
		}
		c := f.dial(t, o)
		time.Sleep(59*time.Minute - time.Second)
		f.with(func() {
			if refreshed != "" {
				t.Error("refreshed too early")
			}
		})
		time.Sleep(2 * time.Second)
		f.with(func() {
			if refreshed != "c" {
				t.Errorf("refreshed with %q", refreshed)
			}
		})
		f.dropAll() // and then "c" is refused, and so is "d"
		<-c.Done()
		if refused, ok := errors.AsType[*protocol.Error](c.Err()); !ok || refused.Code != protocol.CodeTokenExpired || asked != 4 {
			t.Errorf("%v after %d tokens", c.Err(), asked)
		}
		shutDown(t, c)
	})
}
