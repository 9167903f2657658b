// Package socket is the edge of the multiplexed protocol: /socket takes WebSockets on which a client
// has many channels, in JSON or MessagePack, as docs/protocol.md says.
package socket

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/relay"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Path is where the edge is.
const Path = "/socket"

// Config says what the edge allows. Zero durations and sizes mean the defaults.
type Config struct {
	Door            *door.Door // where clients come in
	MaxMessageBytes int64      // the largest payload, whatever a channel's rule says
	SendQueueBytes  int        // what may wait for a client that reads slowly; default 1 MiB. Most of the bytes are shared with other subscribers
	Presence        *hub.Presence
	Cluster         *cluster.Cluster // where sessions may come from, and go to; not started yet. Nil for this node alone
	Log             *slog.Logger

	Key    []byte        // signs the secrets of sessions: see OpenKey
	Window time.Duration // for how long after a drop presence is kept and a session can be resumed: the grace of Presence
	Dedup  time.Duration // for how long the log remembers the id of a publication

	// Endpoints, if not nil, returns the base URLs of other nodes, of which clients are told when they connect.
	Endpoints func() []string

	// FirstCommand is how long a client may take to send one. Default 10 s.
	FirstCommand time.Duration
	// PingInterval and PongTimeout are those of websocket.NewKeepalive: 25 s and 20 s.
	PingInterval, PongTimeout time.Duration
}

const (
	defaultFirstCommand = 10 * time.Second
	maxCommands         = 256  // in an array
	maxSubscriptions    = 1000 // of a connection
	// envelopeBytes is more than a publish takes besides its payload, and minMessageBytes what clients
	// may count on (docs/protocol.md, Limits).
	envelopeBytes   = 4 << 10
	minMessageBytes = 64 << 10
)

// Handler serves /socket. Call Close when the connections of its door have been closed.
type Handler struct {
	channels *session.Channels
	config   Config
	accept   websocket.AcceptOptions
	limits   protocol.Limits
	sessions *sessions
	// exchanges are the connections without a WebSocket.
	exchanges exchanges
	relay     *relay.Relay // of their requests that have reached another node
	door      *door.Door
	keep      *websocket.Keepalive

	handshakes atomic.Uint64
	moveGrace  time.Duration

	work context.Context // of the connections
	stop context.CancelFunc
}

// New returns a handler for channels.
func New(channels *session.Channels, config Config) *Handler {
	if config.FirstCommand == 0 {
		config.FirstCommand = defaultFirstCommand
	}
	if config.PingInterval == 0 {
		config.PingInterval = websocket.DefaultPingInterval
	}
	if config.PongTimeout == 0 {
		config.PongTimeout = websocket.DefaultPongTimeout
	}
	if config.SendQueueBytes == 0 {
		config.SendQueueBytes = defaultQueueBytes
	}
	if config.Cluster == nil {
		config.Cluster = cluster.Alone(cluster.Node{ID: cluster.NewID()})
	}
	greeting := *config.Door
	greeting.GreetsLater = true // connect says who the client is
	config.Door = &greeting
	// The largest payload fits as base64.
	limit := max(minMessageBytes, (config.MaxMessageBytes+2)/3*4+envelopeBytes)
	work, stop := context.WithCancel(context.Background())
	h := &Handler{
		channels: channels,
		config:   config,
		door:     config.Door,
		accept: websocket.AcceptOptions{
			Origins:      config.Door.Origins,
			Subprotocols: protocol.Subprotocols(),
			Compression:  &websocket.Compression{NoContextTakeover: true},
			Limits:       websocket.Limits{MaxMessageBytes: limit, SendQueueBytes: config.SendQueueBytes},
		},
		limits:   protocol.Limits{MessageBytes: uint64(limit), Commands: maxCommands, Subscriptions: maxSubscriptions},
		sessions: newSessions(config.Key, config.Window),
		keep:     websocket.NewKeepalive(config.PingInterval, config.PongTimeout),

		moveGrace: moveGrace,
		work:      work,
		stop:      stop,
	}
	h.hearClaims(config.Cluster)
	h.relay = relay.New(config.Cluster, "socket", limit+1, config.Log, h.serveRelayed)
	return h
}

// ServeHTTP answers a handshake, or a request of a connection without a WebSocket.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case websocket.IsHandshake(r):
		h.serveSocket(w, r)
	case h.door.Cross(w, r) || h.serveExchange(w, r):
	default:
		w.Header().Set("Upgrade", "websocket")
		http.Error(w, "this is where clients of the Holdfast protocol connect with a WebSocket; a channel's own URL is below /channels/", http.StatusUpgradeRequired)
	}
}

// serveSocket answers a handshake and leaves the connection to a goroutine of its own, or stays where
// the version of HTTP demands it.
func (h *Handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	number := h.handshakes.Add(1)
	client, ok := h.door.Connect(w, r)
	if !ok {
		return
	}
	ws, ok := h.door.Accept(w, r, client, &h.accept)
	if !ok {
		client.Leave()
		return
	}
	encoding, _ := protocol.EncodingOf(ws.Subprotocol()) // only those that we offer
	c := newConn(h, ws, encoding, client, number)
	if reason, closing := client.Connected(c); closing {
		c.expel(websocket.CloseGoingAway, reason)
	}
	ws.Run(func() {
		defer client.Leave()
		c.serve(ws)
	})
}

// Close ends what is left when every connection is over.
func (h *Handler) Close() {
	h.relay.Close()
	h.keep.Close()
	h.stop()
}
