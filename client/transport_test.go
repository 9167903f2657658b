package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

const whole = 1 << 30 // bytes: a connection that is not cut

// The requests of one direction share a connection, as a rule: the first one is that of the stream, or of the polls.
func TestWhateverByteARequestBreaksAtEachIsStoredAndDeliveredOnceInOrder(t *testing.T) {
	const step = 101 // not all of them, for the sake of time; the next test takes others
	for _, transport := range []Transport{TransportStream, TransportPolls} {
		for n := 0; n < 6000; n += step {
			for _, bytes := range [][]int{{n}, {whole, n}} {
				s := script{transports: []Transport{transport}, messages: 6, bytes: bytes}
				if err := played(t, &s); err != nil {
					t.Fatalf("%v: %+v: %v", transport, s, err)
				}
			}
		}
	}
}

func TestWhateverBytesConnectionsBreakAtByAnyTransportEachIsStoredAndDeliveredOnceInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		all := rapid.Permutation(AllTransports()).Draw(r, "transports")
		s := script{
			encoding:   protocol.Encoding(rapid.IntRange(0, 1).Draw(r, "encoding")),
			transports: all[:rapid.IntRange(1, len(all)).Draw(r, "of them")],
			messages:   rapid.IntRange(1, 20).Draw(r, "messages"),
			bytes:      rapid.SliceOfN(rapid.OneOf(rapid.IntRange(0, 6000), rapid.Just(whole)), 0, 24).Draw(r, "bytes"),
			slow:       rapid.Bool().Draw(r, "slow"),
		}
		if err := played(t, &s); err != nil {
			r.Fatalf("%v", err)
		}
	})
}

func TestWhateverMessageAnExchangeBreaksAtEachIsStoredAndDeliveredOnceInOrder(t *testing.T) {
	for _, transport := range []Transport{TransportStream, TransportPolls} {
		for n := 1; n <= 60; n += 2 {
			for _, s := range []script{{before: map[int]bool{n: true}}, {after: map[int]bool{n: true}}, {long: map[int]bool{n: true}}} {
				s.transports, s.messages, s.slow = []Transport{transport}, 6, n%4 == 1
				if err := played(t, &s); err != nil {
					t.Fatalf("%v: %+v: %v", transport, s, err)
				}
			}
		}
	}
}

// anyWay returns options with all transports.
func (f *fake) anyWay() *Options {
	o := f.options()
	o.Transports = nil
	return o
}

// transports returns the transports of the times that the client was ready.
func transports(all []Change) (found []Transport) {
	for _, change := range all {
		if change.State == Ready {
			found = append(found, change.Transport)
		}
	}
	return found
}

func TestWhereNoWebSocketPassesTheClientTakesAStreamAndWhereThatIsHeldBackPolls(t *testing.T) {
	for _, test := range []struct {
		noSockets, holdsBack bool
		want                 Transport
	}{
		{false, false, TransportWebSocket},
		{false, true, TransportWebSocket},
		{true, false, TransportStream},
		{true, true, TransportPolls},
	} {
		with(t, func(t *testing.T, f *fake) {
			f.noSockets, f.holdsBack = test.noSockets, test.holdsBack
			o := f.anyWay()
			o.Encoding = protocol.MessagePack
			c := f.dial(t, o)
			collected := changes(t, c)
			s := subscribe(t, c, "a", nil)
			publish(t, c, "a", "one", "two")
			want(t, s, "one", "two")
			f.dropAll()
			publish(t, c, "a", "three")
			want(t, s, "three")
			shutDown(t, c)
			if got := transports(collected()); !slices.Equal(got, []Transport{test.want, test.want}) {
				t.Errorf("%+v: it went by %v", test, got)
			}
		})
	}
}

func TestATransportThatHasWorkedIsTriedFirst(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		f.noSockets, f.holdsBack = true, true
		c := f.dial(t, f.anyWay())
		f.with(func() { f.noSockets, f.holdsBack = false, false })
		collected := changes(t, c)
		f.dropAll()
		time.Sleep(10 * time.Second)
		shutDown(t, c)
		if got := transports(collected()); !slices.Equal(got, []Transport{TransportPolls, TransportPolls}) {
			t.Errorf("it went by %v", got)
		}
	})
}

func TestAClientComesBackToAWebSocketWhenOnePasses(t *testing.T) {
	for _, holdsBack := range []bool{false, true} {
		with(t, func(t *testing.T, f *fake) {
			f.noSockets, f.holdsBack = true, holdsBack
			c := f.dial(t, f.anyWay())
			collected := changes(t, c)
			s, quiet := subscribe(t, c, "a", nil), subscribe(t, c, "live/a", nil)
			published := make(chan struct{})
			var texts []string
			for i := range 960 { // for longer than the third attempt may take
				texts = append(texts, fmt.Sprint(i))
			}
			go func() {
				defer close(published)
				for _, text := range texts {
					for _, name := range []string{"a", "live/a"} {
						if _, err := c.Channel(name).Publish(t.Context(), Text(text), nil); err != nil {
							t.Error(err)
						}
					}
					time.Sleep(500 * time.Millisecond)
				}
			}()
			time.AfterFunc(150*time.Second, func() { f.with(func() { f.noSockets = false }) })
			for i := range texts { // in turn, so that neither queue fills
				want(t, s, texts[i])
				want(t, quiet, texts[i])
			}
			<-published
			shutDown(t, c)
			all := collected()
			fallback := TransportStream
			if holdsBack {
				fallback = TransportPolls
			}
			if got := transports(all); !slices.Equal(got, []Transport{fallback, TransportWebSocket}) {
				t.Errorf("it went by %v", got)
			}
			for _, change := range all[:len(all)-1] {
				if change.State != Ready {
					t.Errorf("%+v", change)
				}
			}
			if n := f.stored(); n != len(texts) {
				t.Errorf("%d messages are stored, want %d", n, len(texts))
			}
		})
	}
}

// A WebSocket that opens and on which nothing passes is no way to go.
func TestAWebSocketThatIsCutBeforeConnectIsAnsweredCountsAsNoneAfterTheSecondTime(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.anyWay()
		o.KeepTrying = true
		handshakes := 0
		o.WebSocket.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := f.listener.dial(ctx, network, addr)
			return &mute{Conn: nc, handshakes: &handshakes}, err
		}
		c := f.dial(t, o)
		publish(t, c, "a", "one")
		time.Sleep(40 * time.Second) // the next one would be beside the stream
		collected := changes(t, c)
		shutDown(t, c)
		if got := transports(collected()); handshakes != maxCuts || !slices.Equal(got, []Transport{TransportStream}) {
			t.Errorf("%d handshakes, then %v: %+v", handshakes, got, collected())
		}
	})
}

// mute is a connection that breaks behind the answer to a WebSocket handshake.
type mute struct {
	net.Conn
	handshakes *int
	answered   bool
}

func (m *mute) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "Sec-WebSocket-Key") {
		*m.handshakes++
		m.answered = true
	} else if m.answered {
		m.Close()
		return 0, net.ErrClosed
	}
	return m.Conn.Write(p)
}

func TestAServerThatRefusesIsNotAskedByOtherTransports(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		f.away = true // 503
		dials := 0
		o := f.anyWay()
		dial := o.WebSocket.NetDial
		o.WebSocket.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			dials++
			return dial(ctx, network, addr)
		}
		var refused *websocket.HandshakeError
		if _, err := Dial(t.Context(), "ws://fake/socket", o); !errors.As(err, &refused) || refused.StatusCode != 503 || dials != 1 {
			t.Errorf("%v after %d dials", err, dials)
		}
	})
}

func TestWhereNothingListensOneTransportIsEnoughToKnow(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		dials := 0
		o := f.anyWay()
		o.WebSocket.NetDial = func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, errors.New("nobody is there")
		}
		if _, err := Dial(t.Context(), "ws://fake/socket", o); err == nil || dials != 1 {
			t.Errorf("%v after %d dials", err, dials)
		}
	})
}

func TestCloseCodesSayTheSameWithoutAWebSocket(t *testing.T) {
	for _, transport := range []Transport{TransportStream, TransportPolls} {
		for code, comes := range map[websocket.CloseCode]bool{1001: true, 1013: true, 4401: false, 4409: false} {
			with(t, func(t *testing.T, f *fake) {
				o := f.options()
				o.Transports = []Transport{transport}
				c := f.dial(t, o)
				for _, k := range f.all() {
					if err := k.conn.Close(t.Context(), code, "because"); err != nil {
						t.Fatal(err)
					}
				}
				synctest.Wait()
				if comes {
					publish(t, c, "a", "back")
				} else if <-c.Done(); websocket.CloseCodeOf(c.Err()) != code || !strings.Contains(c.Err().Error(), "because") {
					t.Errorf("%v: %v", code, c.Err())
				}
				shutDown(t, c)
			})
		}
	}
}

func TestAServerThatSaysNothingIsGivenUpWithoutAWebSocketToo(t *testing.T) {
	for _, transport := range []Transport{TransportStream, TransportPolls} {
		with(t, func(t *testing.T, f *fake) {
			o := f.options()
			o.Transports = []Transport{transport}
			stop := make(chan struct{})
			dial, silent := o.WebSocket.NetDial, false
			o.WebSocket.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := dial(ctx, network, addr)
				if silent {
					return nc, err
				}
				return &deaf{Conn: nc, stop: stop, closed: make(chan struct{})}, err
			}
			c := f.dial(t, o)
			collected := changes(t, c)
			time.Sleep(3 * time.Minute)
			if s := c.State(); s != Ready {
				t.Errorf("%v: with a server that says something it is %v", transport, s)
			}
			f.letIn(false)
			silent = true
			close(stop)
			begun := time.Now()
			for c.State() == Ready {
				time.Sleep(time.Second)
			}
			if d := time.Since(begun); d < 20*time.Second || d > 55*time.Second {
				t.Errorf("%v: given up after %v, want about 45 s", transport, d)
			}
			f.letIn(true)
			time.Sleep(time.Minute)
			shutDown(t, c)
			if all := collected(); !errors.Is(all[1].Err, websocket.ErrSilent) || all[len(all)-2].State != Ready {
				t.Errorf("%v: %+v", transport, all)
			}
		})
	}
}

// A server can't see whether anybody reads a stream.
func TestAClientOfAStreamThatSaysNothingPings(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Transports = []Transport{TransportStream}
		pings := 0
		f.saw = func(v protocol.Verb) {
			if _, ok := v.(*protocol.Ping); ok {
				pings++
			}
		}
		c := f.dial(t, o)
		time.Sleep(101 * time.Second)
		f.with(func() {
			if pings != 4 {
				t.Errorf("%d pings in 100 s, want one every 25 s", pings)
			}
		})
		shutDown(t, c)
	})
}

func TestPollsThatAreCutAsIdleWaitForLessLong(t *testing.T) {
	with(t, func(t *testing.T, f *fake) {
		o := f.options()
		o.Transports = []Transport{TransportPolls}
		dial := o.WebSocket.NetDial
		o.WebSocket.NetDial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := dial(ctx, network, addr)
			i := &impatient{Conn: nc}
			i.cut = time.AfterFunc(10*time.Second, func() { nc.Close() })
			return i, err
		}
		c := f.dial(t, o)
		collected := changes(t, c)
		s := subscribe(t, c, "a", nil)
		time.Sleep(2 * time.Minute)
		publish(t, c, "a", "one")
		want(t, s, "one")
		shutDown(t, c)
		if got := transports(collected()); len(got) != 1 {
			t.Errorf("it was ready %d times", len(got))
		}
	})
}

// impatient is a connection that is cut when it is idle.
type impatient struct {
	net.Conn
	cut *time.Timer
}

func (i *impatient) Read(p []byte) (int, error) {
	n, err := i.Conn.Read(p)
	i.cut.Reset(10 * time.Second)
	return n, err
}

func (i *impatient) Write(p []byte) (int, error) {
	i.cut.Reset(10 * time.Second)
	return i.Conn.Write(p)
}

func (i *impatient) Close() error {
	i.cut.Stop()
	return i.Conn.Close()
}
