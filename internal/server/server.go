// Package server puts the parts of Holdfast together: listeners, routes, start and stop.
package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/api"
	"github.com/holdfast-dev/holdfast/internal/edge/channels"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr"
	"github.com/holdfast-dev/holdfast/internal/edge/socket"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Config says what to serve. It is not changed by the server.
type Config struct {
	HTTPS string      // address for https and wss, over TCP and over UDP (HTTP/3); "" for none
	HTTP  string      // address for http and ws; "" for none
	TLS   *tls.Config // for HTTPS

	Metrics string // address for http, where Prometheus may ask for /metrics; "" for none
	Front
	MQTT

	// WebSocketOverHTTP2 demands that WebSockets are offered over HTTP/2. The process decides that for
	// all its servers, as websocket.CheckHTTP2 explains; if it has it off, Listen fails. Off is smaller and
	// faster: docs/decisions/0006-websocket-over-http2.md.
	WebSocketOverHTTP2 bool

	Auth    auth.Config  // who vouches for clients; its Revoked and Log are not used
	Sources auth.Sources // where requests may have credentials
	// ClientNames is the rule of package certs by which clients' certificates say who they are; "" for none.
	ClientNames string
	Limits      policy.Limits // of what clients ask for
	Origins     []string      // web origins allowed besides the same one, as in websocket.AcceptOptions
	Hosts       []string      // names allowed in the Host header besides IP addresses; nil allows all

	Site   http.Handler // of a web site at /; nil for none
	NoChat bool         // leaves out the chat, which is at / if there is no site

	SignalR []*signalr.Hub // each at a path of its own

	Drain      time.Duration // over which clients are spread that go to other nodes
	Ping, Pong time.Duration // of silence until a client is pinged, and given up; 0 for the defaults of package websocket

	MaxMessageBytes int64
	SendQueueBytes  int           // what may wait for a client that reads slowly; 0 for the default of the edges
	Rules           *policy.Rules // of the channels
	Broker          broker.Config // of the logs of channels with history; not used if there are none
	Hooks           []hooks.Hook  // backends that are asked about clients, and told what they do
	HookQueueBytes  int64         // what is kept of what they are still to be told; 0 for the default of package hooks
	SessionKey      string        // file with the key of the sessions of /socket, made if need be; "" for a key that ends with the server. Not used with an external NATS server, which has it
	Node            string        // what the operator calls this node; "" is the same as "holdfast"
	Endpoints       []string      // where clients reach this node and no other: base URLs
	Version         string        // of the server, for those who ask
	Canary          time.Duration // how often the node looks whether its own messages come through, for /readyz; 0 for never
	Log             *slog.Logger
}

const (
	maxHeaderBytes    = 32 << 10         // of a request
	readHeaderTimeout = 10 * time.Second // for a request's header
	readTimeout       = time.Minute      // for a request and its body; a WebSocket is no longer a request
	writeTimeout      = 30 * time.Second // for a client of HTTP/2 to take any bytes; streams can't time out while TCP is stuck
	pingAfter         = 30 * time.Second // of silence on a connection of HTTP/2: an event stream hears of nothing else that its client is gone
	idleTimeout       = 2 * time.Minute  // between requests on one connection
	maxStreams        = 1000             // of one connection, of HTTP/2 or HTTP/3: a WebSocket is one
	maxFrameBytes     = 16 << 10         // of HTTP/2; clients may hold a buffer of that size per stream
	dedupWindow       = 30 * time.Second // for which the id of a publication is remembered, if the configuration does not say
	presenceGrace     = time.Minute      // for which a client that has lost its connection is still present
)

// Server is a running Holdfast node.
type Server struct {
	config   Config
	proxies  proxies
	store    *store
	ids      *identities
	backends backends
	cluster  *cluster.Cluster
	drain    *drain
	clients  *session.Clients
	presence *hub.Presence
	metrics  meter
	canary   canary
	front    *door.Door // tells of requests that reach no edge
	channels *channels.Handler
	socket   *socket.Handler
	api      *api.Handler
	signalr  *signalr.Handler
	mqtt     *mqtt.Handler
	ports    mqttPorts
	https    []net.Listener
	http     []net.Listener
	web      http.Server
	quic     quicServer
}

// Listen opens the logs and binds the addresses of cfg. The host "localhost" means both loopback
// addresses. An address that can't be bound gives a *ListenError, logs that can't be opened a
// *StoreError, hooks that can't be called one of package hooks; nothing stays bound or open then. Call Serve next.
func Listen(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.WebSocketOverHTTP2 {
		if err := websocket.CheckHTTP2(); err != nil {
			return nil, err
		}
	}
	cfg.Broker.DuplicateWindow = cmp.Or(cfg.Broker.DuplicateWindow, dedupWindow)
	s := &Server{config: cfg, proxies: proxies{cfg.Proxies, cfg.Forwarded}, canary: canary{key: newCanaryKey()}}
	s.metrics.init(s)
	var err error
	if s.backends, err = newBackends(s); err != nil {
		return nil, err
	}
	if err = s.bind(); err != nil {
		return nil, err
	}
	if err = s.open(ctx); err != nil {
		s.unbind()
		return nil, &StoreError{errors.Join(err, s.release(ctx))}
	}
	s.web = s.newWeb()
	s.quic.init(cfg, s.web.Handler)
	return s, nil
}

// newWeb returns what serves HTTP/1.1 and HTTP/2, by the routes.
func (s *Server) newWeb() http.Server {
	return http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		TLSConfig:         s.canary.unasked(withProtocols(s.config.TLS, "h2", "http/1.1")),
		ConnContext:       s.connContext,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams,
			MaxReadFrameSize:     maxFrameBytes,
			WriteByteTimeout:     writeTimeout,
			SendPingTimeout:      pingAfter,
		},
		ErrorLog: slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug), // failed TLS handshakes, mostly
	}
}

// bind listens on the addresses of the configuration, or on none.
func (s *Server) bind() (err error) {
	switch {
	case s.config.HTTPS == "":
	case s.config.ProxyProtocol: // which there is none of for UDP
		s.https, err = listen(s.config.HTTPS)
	default:
		s.https, s.quic.sockets, err = listenBoth(s.config.HTTPS)
	}
	if err == nil && s.config.HTTP != "" {
		s.http, err = listen(s.config.HTTP)
	}
	if err == nil {
		err = s.metrics.bind(s.config.Metrics)
	}
	if err == nil {
		err = s.ports.bind(&s.config)
	}
	if err != nil {
		s.unbind()
		return err
	}
	s.https, s.http = s.announcedBy(s.https), s.announcedBy(s.http)
	s.ports.plain, s.ports.secure = s.announcedBy(s.ports.plain), s.announcedBy(s.ports.secure)
	return nil
}

// unbind undoes bind.
func (s *Server) unbind() {
	closeAll(s.https)
	closeAll(s.quic.sockets)
	closeAll(s.http)
	closeAll(s.metrics.listeners)
	s.ports.close()
}

// HTTPSAddr returns the address that https and wss are served on, or nil.
func (s *Server) HTTPSAddr() net.Addr { return firstAddr(s.https) }

// HTTPAddr returns the address that http and ws are served on, or nil.
func (s *Server) HTTPAddr() net.Addr { return firstAddr(s.http) }

// MetricsAddr returns the address that the metrics are served on, or nil.
func (s *Server) MetricsAddr() net.Addr { return firstAddr(s.metrics.listeners) }

// Serve answers requests until Shutdown and then returns nil; or until a listener fails, with its
// error.
func (s *Server) Serve() error {
	serving, stop := context.WithCancel(context.Background())
	var tending sync.WaitGroup
	tending.Go(func() { newTrimmer().run(serving) })
	tending.Go(func() { s.watchPauses(serving) })
	defer tending.Wait()
	defer stop()
	s.canary.begin(s)

	var running sync.WaitGroup
	failed := make(chan error, len(s.https)+len(s.quic.sockets)+len(s.http)+len(s.metrics.listeners)+len(s.ports.plain)+len(s.ports.secure))
	run := func(serve func() error) {
		running.Go(func() {
			err := serve()
			if !errors.Is(err, http.ErrServerClosed) {
				s.web.Close() // the other listeners would go on alone
				s.quic.close()
				s.metrics.web.Close()
				s.ports.close()
			}
			failed <- err
		})
	}
	for _, l := range s.https {
		run(func() error { return s.web.ServeTLS(websocket.Listener(l), "", "") })
	}
	for _, c := range s.quic.sockets {
		run(func() error { return s.quic.serve(c) })
	}
	for _, l := range s.http {
		run(func() error { return s.web.Serve(l) })
	}
	for _, l := range s.metrics.listeners {
		run(func() error { return s.metrics.web.Serve(l) })
	}
	for _, l := range s.ports.plain {
		run(func() error { return s.serveMQTT(l, nil) })
	}
	for _, l := range s.ports.secure {
		run(func() error { return s.serveMQTT(l, withProtocols(s.config.TLS, "mqtt")) })
	}
	running.Wait()
	close(failed)
	for err := range failed {
		if !errors.Is(err, http.ErrServerClosed) {
			return err
		}
	}
	return nil
}

// Shutdown stops listening, closes every WebSocket with code 1001 and reason, and lets running
// requests end. When ctx ends first, what is left is dropped and ctx's error returned. After it, no
// goroutine of the server is left.
func (s *Server) Shutdown(ctx context.Context, reason string) error {
	s.drain.close() // nobody can have it ready again
	s.canary.end("the server stops")
	s.backends.herald.end()
	s.ports.close()
	var closing, quicClosing sync.WaitGroup
	closing.Go(func() { s.clients.Close(ctx, reason) })
	closed := make(chan struct{}) // when every WebSocket is
	quicClosing.Go(func() { s.quic.shutdown(ctx, closed) })
	err := s.web.Shutdown(ctx)
	if err != nil {
		s.web.Close() // what it can't close has gone
	}
	closing.Wait()
	close(closed)
	quicClosing.Wait()
	s.api.Close()
	s.channels.Close()
	s.socket.Close()
	s.signalr.Close()
	s.mqtt.Close()
	s.backends.herald.close()
	s.presence.Close()
	s.store.channels.Close()
	return errors.Join(err, s.metrics.close(), s.release(ctx))
}
