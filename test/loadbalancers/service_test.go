package loadbalancers

import (
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/config"
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

// Each file, as it is, does what it says; the last thing is that nodes fail.
func TestTheFilesOfDeployDoWhatTheySay(t *testing.T) {
	t.Parallel()
	for _, setup := range setups {
		t.Run(setup.file, func(t *testing.T) {
			t.Parallel()
			n := setup.nodes(t)
			s := &service{setup, n, setup.front(t, n)}
			t.Run("WebSockets spread evenly", s.spreads)
			t.Run("events leave as they come, and end with their client", s.streams)
			t.Run("messages pass by every transport, whichever node each request comes to", s.passesEveryTransport)
			t.Run("a node knows the address of a client", s.tellsAddresses)
			if s.http2 {
				t.Run("WebSockets pass over HTTP/2", s.passesHTTP2)
			}
			if s.idle != "" {
				t.Run("quiet connections stay", s.keepsQuiet)
			}
			if s.plain != "" {
				t.Run("who comes in the clear is sent to https", s.redirects)
			}
			t.Run("who is there when a node is killed loses nothing", s.failsOver)
			if s.moves {
				t.Run("a node that stops sends its clients to others", s.drains)
			}
			if s.ends {
				t.Run("connections to a node that hangs are ended", s.endsHanging)
			}
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

func (s *service) passesEveryTransport(t *testing.T) {
	for _, want := range client.AllTransports() {
		c := s.connect(t, want)
		talk(t, c, "chat/any", 50)
		if got := transport(c); got != want {
			t.Errorf("%v was asked for, and messages go by %v", want, got)
		}
	}
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

// keepsQuiet shows that one setting alone says how long a connection may be quiet: with a second in its place it is cut, and with a
// second in the place of the other times it is not.
func (s *service) keepsQuiet(t *testing.T) {
	usual, err := config.Load(config.Options{Production: true})
	if err != nil {
		t.Fatal(err)
	}
	setting := strings.Fields(s.idle)
	if d, err := time.ParseDuration(setting[len(setting)-1]); err != nil || d < 2*usual.Limits.Ping {
		t.Errorf("%s, %v: the nodes ping every %v", s.idle, err, usual.Limits.Ping)
	}
	setting[len(setting)-1] = "1s"
	hasty := &service{s.setup, s.nodes, s.front(t, s.nodes, change{s.idle, strings.Join(setting, " ")})}
	unhurried := s
	if s.other != "" {
		unhurried = &service{s.setup, s.nodes, s.front(t, s.nodes, change{s.other, "1s"})}
	}
	stays := unhurried.open(t, "/channels/live", websocket.DialOptions{})
	for range 2 {
		ctx := patient(t)
		if _, _, err := hasty.open(t, "/channels/chat/quiet", websocket.DialOptions{}).Read(ctx); err == nil || ctx.Err() != nil {
			t.Fatalf("with %q it was not cut: %v", setting, err)
		}
	}
	if err := stays.Write(patient(t), websocket.Text, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if _, m, err := stays.Read(patient(t)); err != nil || string(m) != "still here" {
		t.Errorf("got %q, %v", m, err)
	}
}

func (s *service) redirects(t *testing.T) {
	r, err := http.NewRequestWithContext(patient(t), http.MethodPost, "http://"+s.plain+"/channels/live?a=b", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "chat.example.com"
	resp, err := plain.Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusPermanentRedirect || to != "https://chat.example.com/channels/live?a=b" {
		t.Errorf("answered with %s, %q", resp.Status, to)
	}
}
