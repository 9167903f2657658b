package loadbalancers

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt/packet"
	"github.com/holdfast-dev/holdfast/websocket"
	"github.com/holdfast-dev/holdfast/websocket/h2"
)

// from is an address of this machine, but not one that the nodes believe as a proxy's.
var from = &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}

// service is a balancer of deploy/ with its nodes.
type service struct {
	setup
	*nodes
	*balancer
}

// dial opens a WebSocket.
func (s *service) dial(t *testing.T, path string, o websocket.DialOptions) (*websocket.Conn, error) {
	t.Helper()
	if o.Carrier == nil {
		o.TLS = s.tls
	}
	return websocket.Dial(patient(t), "wss://"+s.addr+path, &o)
}

// open opens a WebSocket until the end of the test, which must succeed.
func (s *service) open(t *testing.T, path string, o websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, err := s.dial(t, path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseNow)
	return c
}

// Each file, as it is, does what it says; the last thing is that a node is killed.
func TestTheFilesOfDeployDoWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, setup := range setups {
		t.Run(setup.file, func(t *testing.T) {
			t.Parallel()
			n := setup.nodes(t)
			s := &service{setup, n, setup.front(t, n)}
			t.Run("WebSockets spread evenly", s.spreads)
			t.Run("events leave as they come, and end with their client", s.streams)
			t.Run("a node knows the address of a client", s.tellsAddresses)
			if s.http2 {
				t.Run("WebSockets pass over HTTP/2", s.passesHTTP2)
			}
			t.Run("who is there when a node is killed loses nothing", s.failsOver)
		})
	}
}

func (s *service) spreads(t *testing.T) {
	const many = 300
	_, before := s.connections()
	var dialling sync.WaitGroup
	for range 10 {
		dialling.Go(func() {
			for range many / 10 {
				c, err := s.dial(t, "/channels/live", websocket.DialOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				t.Cleanup(c.CloseNow)
			}
		})
	}
	dialling.Wait()
	counts := s.awaitConnections(t, before+many)
	if most, least := slices.Max(counts), slices.Min(counts); float64(most) > 1.2*float64(least) {
		t.Errorf("the nodes have %v connections", counts)
	}
}

func (s *service) streams(t *testing.T) {
	s.awaitConnections(t, 0)
	h2 := &http.Client{Transport: &http.Transport{TLSClientConfig: s.tls.Clone(), ForceAttemptHTTP2: true}}
	t.Cleanup(h2.CloseIdleConnections)
	c := s.connect(t, client.TransportWebSocket)
	s.wantEvent(t, h2, "/channels/chat/events", "data: hello", func() {
		if _, err := c.Channel("chat/events").Publish(patient(t), client.Text("hello"), nil); err != nil {
			t.Fatal(err)
		}
	})
	s.awaitConnections(t, 1)
}

func (s *service) tellsAddresses(t *testing.T) {
	api, err := admin.New("https://"+s.addr, s.apiKey, &admin.Options{HTTP: &http.Client{
		Transport: &http.Transport{TLSClientConfig: s.tls.Clone(), DisableKeepAlives: true},
	}})
	if err != nil {
		t.Fatal(err)
	}
	known := func(edge string) {
		t.Helper()
		eventually(t, "a node says that the client of "+edge+" comes from 127.0.0.9", func() bool {
			for c, err := range api.Connections(patient(t), admin.Filter{}) {
				if err != nil {
					t.Fatal(err)
				}
				if c.Edge == edge && c.Address == "127.0.0.9" {
					return true
				}
			}
			return false
		})
	}
	lie := http.Header{"X-Forwarded-For": {"203.0.113.7"}, "Forwarded": {"for=203.0.113.7"}}
	for range s.all { // each node has one then, so that it is all the same which one is asked
		s.open(t, "/channels/live", websocket.DialOptions{NetDial: from.DialContext, Header: lie})
	}
	known("channels")
	if s.mqtt {
		for range s.all {
			s.device(t)
		}
		known("mqtt")
	}
}

// device connects by MQTT until the end of the test.
func (s *service) device(t *testing.T) {
	t.Helper()
	nc, err := (&tls.Dialer{NetDialer: from, Config: s.tls}).DialContext(patient(t), "tcp", s.mqtts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	hello := &packet.Connect{Version: packet.V5, ClientID: "device", Properties: new(packet.Properties)}
	if _, err := nc.Write(hello.Append(nil)); err != nil {
		t.Fatal(err)
	}
	var answer [4]byte
	if _, err := nc.Read(answer[:]); err != nil || answer[0]>>4 != byte(packet.TypeConnack) {
		t.Fatalf("the device is answered % x, %v", answer, err)
	}
}

func (s *service) passesHTTP2(t *testing.T) {
	dialer := &h2.Dialer{TLS: s.tls}
	t.Cleanup(func() { dialer.Close() })
	c := s.open(t, "/channels/live", websocket.DialOptions{Carrier: dialer})
	if err := c.Write(patient(t), websocket.Text, []byte("by HTTP/2")); err != nil {
		t.Fatal(err)
	}
	if _, m, err := c.Read(patient(t)); err != nil || string(m) != "by HTTP/2" {
		t.Errorf("got %q, %v", m, err)
	}
}

func (s *service) failsOver(t *testing.T) {
	const listeners, messages = 12, 200
	var following sync.WaitGroup
	for i := range listeners {
		sub, err := s.connect(t).Channel("chat/a").Subscribe(patient(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		following.Go(func() {
			defer sub.Close()
			if err := wantInOrder(patient(t), sub, messages); err != nil {
				t.Errorf("listener %d: %v", i, err)
			}
		})
	}
	publisher := s.connect(t).Channel("chat/a")
	for i := range messages {
		if i == messages/2 {
			s.all[0].kill()
		}
		if i > messages/2 && i%4 == 0 { // meanwhile, others who come see nothing of it
			c, err := s.dial(t, "/channels/chat/b", websocket.DialOptions{})
			if err != nil {
				t.Fatalf("after the death of a node: %v", err)
			}
			c.CloseNow()
		}
		if _, err := publisher.Publish(patient(t), client.Text(fmt.Sprint(i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	following.Wait()
}

// wantInOrder reads the messages 0, 1, 2, … of a subscription.
func wantInOrder(ctx context.Context, s *client.Subscription, messages int) error {
	next := 0
	for m, err := range s.Messages(ctx) {
		if err != nil || m.Text() != fmt.Sprint(next) {
			return fmt.Errorf("got %q, %v; want %d", m.Text(), err, next)
		}
		if next++; next == messages {
			return nil
		}
	}
	return fmt.Errorf("it ended before %d", next)
}
