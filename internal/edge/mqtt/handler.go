// Package mqtt is the edge where devices come in: MQTT 3.1, 3.1.1 and 5, over TCP, TLS and WebSockets. A topic is the channel
// of the same name, with the same rules, rights, limits and history.
//
// A connection (conn) belongs to a session, which may outlive it. The session has the subscriptions, and what is under way
// with QoS 1 and 2. What a subscription delivers goes through the session's window to the connection that there is.
package mqtt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Path is where WebSockets with the subprotocol "mqtt" are taken.
const Path = "/mqtt"

// Config says what the edge allows. Zero values mean the defaults.
type Config struct {
	Door            *door.Door // where clients come in
	MaxMessageBytes int64      // the largest payload, whatever a channel's rule says
	SendQueueBytes  int        // what may wait for a client that reads or acknowledges slowly; default 1 MiB
	Presence        *hub.Presence
	Log             *slog.Logger

	Sessions, Retained Log              // where sessions, for RecordAge, and retained messages are kept; nil for in memory only
	Shares             Log              // where it is kept, for RecordAge, how far shared subscriptions have come; nil for in memory only
	Cluster            *cluster.Cluster // the nodes that use them, not started yet; nil for this one alone

	MaxKeepAlive     time.Duration // longest time for which a client of MQTT 5 may be silent; default 60 s
	MaxSessionExpiry time.Duration // for which a session is kept without a connection; default 24 h
	Grace            time.Duration // for which a will waits whose client has lost its node; default 10 s
	MaxAway          int           // sessions without a connection that are kept; default 100,000

	// FirstPacket is how long a client may take to send CONNECT. Default 10 s.
	FirstPacket time.Duration
}

const (
	defaultSendQueueBytes   = 1 << 20
	defaultMaxKeepAlive     = 60 * time.Second
	defaultMaxSessionExpiry = 24 * time.Hour
	defaultMaxAway          = 100_000
	defaultGrace            = 10 * time.Second
	defaultFirstPacket      = 10 * time.Second
	handshakeTimeout        = 10 * time.Second // of TLS

	// envelopeBytes is more than PUBLISH takes besides its payload.
	envelopeBytes = 128 << 10
)

func (c Config) withDefaults() Config {
	orDefault(&c.SendQueueBytes, defaultSendQueueBytes)
	orDefault(&c.MaxKeepAlive, defaultMaxKeepAlive)
	orDefault(&c.MaxSessionExpiry, defaultMaxSessionExpiry)
	orDefault(&c.MaxAway, defaultMaxAway)
	orDefault(&c.Grace, defaultGrace)
	orDefault(&c.FirstPacket, defaultFirstPacket)
	return c
}

func orDefault[T comparable](v *T, otherwise T) {
	var zero T
	if *v == zero {
		*v = otherwise
	}
}

// Handler serves MQTT. Its methods may be called from any goroutine. Call Close when the connections of its door have been
// closed.
type Handler struct {
	channels *session.Channels
	config   Config
	door     *door.Door
	accept   websocket.AcceptOptions
	keep     *websocket.Keepalive
	sessions *sessions
	shares   shares
	retained *retained

	work    context.Context // of what is being published, and of what outlives connections
	stop    context.CancelFunc
	running sync.WaitGroup // connections that have not arrived yet, and what follows the logs
	writing writing        // sessions on their way to the log, and what has to be done for them

	node    string        // this one's id, which differs from that of others, and of this one before
	sources atomic.Uint64 // made so far
}

// New returns a handler for channels, with what is kept of sessions and retained messages. Begin comes next, once the cluster is
// started.
func New(ctx context.Context, channels *session.Channels, config Config) (*Handler, error) {
	greeting := *config.Door
	greeting.GreetsLater = true // CONNECT says who the client is
	h := &Handler{
		channels: channels,
		config:   config.withDefaults(),
		door:     &greeting,
		keep:     websocket.NewKeepalive(0, 0),
		retained: newRetained(config.Retained),
	}
	if h.config.Cluster == nil {
		h.config.Cluster = cluster.Alone(cluster.Node{ID: cluster.NewID()})
	}
	h.node = h.config.Cluster.Self().ID
	h.work, h.stop = context.WithCancel(context.Background())
	h.sessions = newSessions(h)
	h.shares.handler = h
	h.join(h.config.Cluster)
	h.accept = websocket.AcceptOptions{
		Origins:      config.Door.Origins,
		Subprotocols: []string{"mqtt", "mqttv3.1"},
		Limits:       websocket.Limits{MaxMessageBytes: int64(h.maxPacketBytes()), SendQueueBytes: h.config.SendQueueBytes},
	}
	channels.Retain = func(m *broker.Message, done func(error)) { h.retained.put(h.work, m, done) }
	err := h.shares.open(ctx)
	if err == nil {
		err = h.sessions.open(ctx)
	}
	if err == nil && config.Retained != nil {
		err = h.followLog(ctx, config.Retained, h.retained.learn)
	}
	if err != nil {
		h.Close()
		return nil, err
	}
	h.running.Go(func() { (&system{h, time.Now(), make(map[channel.Name]string)}).run(h.work) })
	return h, nil
}

// join registers what is asked and told of sessions.
func (h *Handler) join(c *cluster.Cluster) {
	c.Hear(topicClaim, h.sessions.hearClaim)
	c.Answer(topicRelease, h.sessions.release)
	c.Answer(topicRest, h.sessions.rest)
	c.Watch(h.sessions.heirs)
	h.shares.register(c)
}

// goes runs work that may block, unless the handler is closed, which waits for it.
func (h *Handler) goes(work func()) {
	if h.writing.begin() {
		go func() {
			defer h.writing.end()
			work()
		}()
	}
}

// maxPacketBytes is the largest packet that a client may send.
func (h *Handler) maxPacketBytes() int { return int(h.config.MaxMessageBytes) + envelopeBytes }

// ServeHTTP takes a WebSocket.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	client, ok := h.door.Connect(w, r)
	if !ok {
		return
	}
	ws, ok := h.door.Accept(w, r, client, &h.accept)
	if !ok {
		client.Leave()
		return
	}
	h.keep.Watch(ws)
	c := newConn(h, framed{ws}, client)
	ws.Run(c.serve)
}

// Serve takes the connections of a listener until it is closed, and returns the error of its Accept. With TLS, each has a
// handshake first. from returns the address of a connection's client.
func (h *Handler) Serve(l net.Listener, secure *tls.Config, from func(net.Conn) netip.Addr) error {
	if secure != nil {
		l = websocket.Listener(l)
	}
	for {
		nc, err := l.Accept()
		switch {
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ECONNABORTED):
			h.pause() // which passes
			continue
		case err != nil:
			return err
		}
		h.running.Go(func() { h.arrive(nc, secure, from(nc)) })
	}
}

// arrive lets a connection in and begins to serve it, on a goroutine of its own that has not been deep in TLS.
func (h *Handler) arrive(nc net.Conn, secure *tls.Config, from netip.Addr) {
	ctx, cancel := context.WithTimeout(h.work, handshakeTimeout)
	defer cancel()
	var cert *x509.Certificate
	if secure != nil {
		tc := tls.Server(nc, secure)
		if err := tc.HandshakeContext(ctx); err != nil {
			h.config.Log.Debug("TLS handshake failed", "remote", nc.RemoteAddr(), "error", err)
			h.close(nc)
			return
		}
		if chains := tc.ConnectionState().VerifiedChains; len(chains) > 0 {
			cert = chains[0][0]
		}
		nc = tc
	}
	client, err := h.door.Arrive(ctx, from, cert)
	if err != nil {
		h.close(nc) // a client that has not said its version can't be told
		return
	}
	c := newConn(h, bare{websocket.NewByteConn(nc, websocket.Limits{SendQueueBytes: h.config.SendQueueBytes})}, client)
	go c.serve() // Clients.Close waits for it
}

func (h *Handler) close(nc net.Conn) {
	if err := nc.Close(); err != nil {
		h.config.Log.Debug("a connection was not closed", "remote", nc.RemoteAddr(), "error", err)
	}
}

// pause waits before the next attempt to accept.
func (h *Handler) pause() {
	select {
	case <-time.After(acceptPause):
	case <-h.work.Done():
	}
}

const acceptPause = 100 * time.Millisecond

// Close ends what is left when every connection is over: the sessions without one, and what they wait for.
func (h *Handler) Close() {
	h.stop()
	h.running.Wait()
	h.shares.close()
	h.sessions.close()
	h.writing.close()
	h.sessions.handed.clear()
	h.keep.Close()
}

// newSource returns a name for what one session publishes.
func (h *Handler) newSource() string {
	return h.node + strconv.FormatUint(h.sources.Add(1), 36)
}
