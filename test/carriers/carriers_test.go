package carriers

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/holdfast-dev/holdfast/websocket"
	_ "github.com/holdfast-dev/holdfast/websocket/enableh2"
	"github.com/holdfast-dev/holdfast/websocket/h2"
	"github.com/holdfast-dev/holdfast/websocket/h3"
)

// clientEnv makes a process of the test binary the clients of a benchmark: the version of HTTP, the address, the number of WebSockets,
// how many of them share a connection, and whether they are event streams instead. It exits when its standard input ends.
const clientEnv = "HOLDFAST_CARRIER_CLIENT"

func TestMain(m *testing.M) {
	if spec := os.Getenv(clientEnv); spec != "" {
		runClients(spec)
		return
	}
	os.Exit(m.Run())
}

// way is one way to connect.
type way struct {
	name          string
	version       int
	perConnection int  // WebSockets
	events        bool // an event stream instead of a WebSocket
}

var ways = []way{
	{"HTTP1", 1, 1, false},
	{"HTTP2-alone", 2, 1, false},
	{"HTTP2-shared-by-100", 2, 100, false},
	{"HTTP3-alone", 3, 1, false},
	{"HTTP3-shared-by-100", 3, 100, false},
	{"HTTP1-events", 1, 1, true},
	{"HTTP2-events-alone", 2, 1, true},
	{"HTTP2-events-shared-by-100", 2, 100, true},
	{"HTTP3-events-alone", 3, 1, true},
}

// BenchmarkIdle reports the heap and the stacks of a server for each WebSocket that has sent one message and waits.
func BenchmarkIdle(b *testing.B) {
	const sockets = 1000
	var first float64
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			if b.N > 1 { // the benchmark is run again for its timing, which means nothing here
				return
			}
			before := memoryInUse()
			s := start(b, w, sockets)
			after := memoryInUse()
			goroutines := float64(runtime.NumGoroutine()) / sockets
			s.stop()
			each := (after - before) / sockets
			if first == 0 {
				first = each
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(each, "B/socket")
			b.ReportMetric(each/first, "x-HTTP1")
			b.ReportMetric(goroutines, "goroutines/socket")
		})
	}
}

// BenchmarkFanOut reports the CPU time of a server for each delivery of a message of 128 bytes that goes to 200 WebSockets.
func BenchmarkFanOut(b *testing.B) {
	const sockets, rounds = 200, 200
	var first float64
	for _, w := range ways {
		b.Run(w.name, func(b *testing.B) {
			if b.N > 1 {
				return
			}
			s := start(b, w, sockets)
			sent := newMessage(128)
			begun := cpuTime()
			for range rounds {
				for _, send := range s.clients {
					send(sent)
				}
				s.awaitRound()
			}
			each := float64((cpuTime() - begun).Nanoseconds()) / (sockets * rounds)
			s.stop()
			if first == 0 {
				first = each
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(each, "cpu-ns/delivery")
			b.ReportMetric(each/first, "x-HTTP1")
		})
	}
}

func memoryInUse() float64 {
	var m runtime.MemStats
	for range 5 { // stacks shrink by halves, a collection at a time
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// server is a server with its clients, in a process of their own, connected.
type server struct {
	b       *testing.B
	clients []func(*message)
	stdin   io.Closer
	said    *bufio.Reader
	child   *exec.Cmd
	close   func()
}

// awaitRound waits until every client has got another message.
func (s *server) awaitRound() {
	if _, err := s.said.ReadByte(); err != nil {
		s.b.Fatal(err)
	}
}

func (s *server) stop() {
	s.stdin.Close()
	s.child.Wait()
	s.close()
}

func start(b *testing.B, w way, sockets int) *server {
	s := &server{b: b}
	var (
		mu    sync.Mutex
		ready sync.WaitGroup
	)
	ready.Add(sockets)
	joins := func(send func(*message)) {
		mu.Lock()
		s.clients = append(s.clients, send)
		mu.Unlock()
		ready.Done()
	}
	h := websocket.Handler(nil, func(c *websocket.Conn) {
		c.Serve(func(websocket.MessageType, []byte) { joins(func(m *message) { c.Send(m.frame) }) })
	})
	if w.events {
		h = eventsHandler(joins)
	}
	addr, stop := listen(b, w, h)
	s.close = stop
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	s.child = exec.Command(self)
	s.child.Env = append(os.Environ(), clientEnv+"="+fmt.Sprint(w.version, " ", addr, " ", sockets, " ", w.perConnection, " ", w.events))
	s.child.Stderr = os.Stderr
	if s.stdin, err = s.child.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := s.child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	s.said = bufio.NewReader(out)
	if err := s.child.Start(); err != nil {
		b.Fatal(err)
	}
	ready.Wait()
	return s
}

// certificate returns what httptest serves with, which is the same in every process, and a client's configuration that trusts it.
var certificate = sync.OnceValues(func() (server, client *tls.Config) {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	roots := x509.NewCertPool()
	roots.AddCert(srv.Certificate())
	return &tls.Config{Certificates: srv.TLS.Certificates}, &tls.Config{RootCAs: roots}
})

func listen(b *testing.B, w way, h http.Handler) (addr string, stop func()) {
	tlsConfig, _ := certificate()
	if w.version == 3 {
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			b.Fatal(err)
		}
		srv := &http3.Server{Handler: h3.Handler(h), TLSConfig: http3.ConfigureTLSConfig(tlsConfig), QUICConfig: &quic.Config{MaxIncomingStreams: 1000}}
		go srv.Serve(udp)
		return udp.LocalAddr().String(), func() {
			srv.Close()
			udp.Close()
		}
	}
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{
		Handler:   h,
		TLSConfig: tlsConfig.Clone(),
		HTTP2:     &http.HTTP2Config{MaxConcurrentStreams: 1000, MaxReadFrameSize: 16 << 10},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	go srv.ServeTLS(websocket.Listener(tcp), "", "")
	return tcp.Addr().String(), func() { srv.Close() }
}

// runClients opens the WebSockets, sends one message on each, and says a byte whenever all have got another one.
func runClients(spec string) {
	var (
		version, sockets, perConnection int
		addr                            string
		events                          bool
		got                             atomic.Int64
	)
	if _, err := fmt.Sscan(spec, &version, &addr, &sockets, &perConnection, &events); err != nil {
		panic(err)
	}
	came := func() {
		if got.Add(1)%int64(sockets) == 0 {
			os.Stdout.Write([]byte{'.'})
		}
	}
	if events {
		runListeners(version, addr, sockets, perConnection, came)
		return
	}
	_, config := certificate()
	o := &websocket.DialOptions{TLS: config}
	for i := range sockets {
		if version > 1 && i%perConnection == 0 {
			o = &websocket.DialOptions{Carrier: map[int]websocket.Carrier{2: &h2.Dialer{TLS: config}, 3: &h3.Dialer{TLS: config}}[version]}
		}
		c, err := websocket.Dial(context.Background(), "wss://"+addr, o)
		if err != nil {
			panic(err)
		}
		go c.Serve(func(websocket.MessageType, []byte) { came() })
		if err := c.Write(context.Background(), websocket.Text, []byte("hello")); err != nil {
			panic(err)
		}
	}
	io.Copy(io.Discard, os.Stdin)
}
