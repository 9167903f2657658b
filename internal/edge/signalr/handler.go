// Package signalr is the edge for clients of ASP.NET Core SignalR, unchanged: hubs whose methods are about channels, and whose
// messages invoke methods of the clients. The protocol is in the package hubproto; this one has its transports, connections, and
// what methods mean.
package signalr

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/relay"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Config says what the edge allows. Zero durations and sizes mean the defaults, which are those of ASP.NET Core.
type Config struct {
	Door            *door.Door // where clients come in; its Sources have to take tokens from queries, since browsers have no other way
	Hubs            []*Hub
	Key             []byte // of the server, for the tokens of what is negotiated: the same on all nodes; nil for one that ends with the handler
	MaxMessageBytes int64  // the largest payload, whatever a channel's rule says
	SendQueueBytes  int    // what may wait for a client that reads slowly, and what is kept for one that reconnects; default 1 MiB
	Presence        *hub.Presence
	Cluster         *cluster.Cluster // the nodes that clients come to, not started yet; nil for this one alone
	Log             *slog.Logger

	PingInterval     time.Duration // for which a client is sent nothing before it is pinged; 15 s
	ClientTimeout    time.Duration // for which a client may send nothing; 30 s
	HandshakeTimeout time.Duration // for a client to say which protocol it speaks; 15 s
	ConnectTimeout   time.Duration // between negotiation and connection; 15 s
	ReconnectTimeout time.Duration // for a client with stateful reconnect to come back; 30 s
	PollTimeout      time.Duration // for which a poll waits; 90 s
}

func (c Config) withDefaults() Config {
	for _, one := range []struct {
		d       *time.Duration
		instead time.Duration
	}{
		{&c.PingInterval, 15 * time.Second}, {&c.ClientTimeout, 30 * time.Second}, {&c.HandshakeTimeout, 15 * time.Second},
		{&c.ConnectTimeout, 15 * time.Second}, {&c.ReconnectTimeout, 30 * time.Second}, {&c.PollTimeout, 90 * time.Second},
	} {
		if *one.d == 0 {
			*one.d = one.instead
		}
	}
	if c.SendQueueBytes == 0 {
		c.SendQueueBytes = defaultQueueBytes
	}
	return c
}

const (
	defaultQueueBytes = 1 << 20
	// envelopeBytes is more than an invocation takes besides its data, and minMessageBytes what clients may count on.
	envelopeBytes   = 4 << 10
	minMessageBytes = 64 << 10
)

// Handler serves hubs. Call Close when the connections of its door have been closed.
type Handler struct {
	channels *session.Channels
	config   Config
	node     string // where it is, as tokens say
	key      []byte // of tokens
	door     *door.Door
	limit    int // bytes of a message of the hub protocol
	accept   websocket.AcceptOptions
	hubs     map[string]*Hub // by path
	conns    connections
	abroad   abroad
	relay    *relay.Relay // of requests that have reached another node

	work context.Context // of the connections
	stop context.CancelFunc
}

// New returns a handler for channels.
func New(channels *session.Channels, config Config) *Handler {
	config = config.withDefaults()
	if config.Cluster == nil {
		config.Cluster = cluster.Alone(cluster.Node{ID: cluster.NewID()})
	}
	limit := int(max(minMessageBytes, (config.MaxMessageBytes+2)/3*4+envelopeBytes)) // the largest payload fits as base64
	h := &Handler{
		channels: channels,
		config:   config,
		node:     config.Cluster.Self().ID,
		key:      tokenKeyOf(config.Key),
		door:     config.Door,
		limit:    limit,
		accept: websocket.AcceptOptions{
			Origins:     config.Door.Origins,
			Compression: &websocket.Compression{NoContextTakeover: true},
			Limits:      websocket.Limits{MaxMessageBytes: int64(limit), SendQueueBytes: config.SendQueueBytes},
		},
		hubs: make(map[string]*Hub),
	}
	h.work, h.stop = context.WithCancel(context.Background())
	for _, one := range config.Hubs {
		h.hubs[one.path] = one
	}
	h.join(config.Cluster)
	return h
}

// negotiation is what follows a hub's path where clients negotiate.
const negotiation = "/negotiate"

// Serves tells whether a path is that of a hub, or of its negotiation.
func (h *Handler) Serves(path string) bool {
	return h.hubs[path] != nil || h.hubs[strings.TrimSuffix(path, negotiation)] != nil
}

// ServeHTTP answers one request at a path that it serves.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Microsoft's clients ask for answers with credentials, without any wish for cookies. Those of foreign pages are never looked at.
	w.Header().Set("Access-Control-Allow-Credentials", "true")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !websocket.IsHandshake(r) && h.door.Cross(w, r) {
		return
	}
	at, negotiates := h.hubs[r.URL.Path], false
	if at == nil {
		at, negotiates = h.hubs[strings.TrimSuffix(r.URL.Path, negotiation)], true
	}
	switch {
	case at == nil:
		http.NotFound(w, r)
	case negotiates && r.Method == http.MethodPost:
		h.negotiate(w, r, at)
	case negotiates:
		h.notAllowed(w, "POST")
	case websocket.IsHandshake(r):
		h.serveSocket(w, r, at)
	case r.Method == http.MethodGet && accepts(r, "text/event-stream"):
		h.serveEvents(w, r, at)
	case r.Method == http.MethodGet:
		h.servePoll(w, r, at)
	case r.Method == http.MethodPost:
		h.serveSend(w, r, at)
	case r.Method == http.MethodDelete:
		h.serveLeave(w, r, at)
	default:
		h.notAllowed(w, "GET, POST, DELETE")
	}
}

func (h *Handler) notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	http.Error(w, "this is a hub of SignalR, which takes "+allow+" here", http.StatusMethodNotAllowed)
}

func accepts(r *http.Request, media string) bool {
	return strings.Contains(r.Header.Get("Accept"), media)
}

// find returns the connection that a request is of; nil if it is not here, but its ticket was issued. Otherwise the request has been
// answered.
func (h *Handler) find(w http.ResponseWriter, r *http.Request, at *Hub) (c *conn, t ticket, ok bool) {
	token := r.URL.Query().Get("id")
	if token == "" {
		h.refuse(w, r, http.StatusBadRequest, errors.New("the request does not say which connection it is of (id); negotiate first"))
		return nil, t, false
	}
	c, over := h.conns.find(keyOf(token))
	switch {
	case c != nil:
		t, ok = c.ticket, c.hub == at
	case !over:
		t, ok = h.redeem(at, token)
	}
	if !ok {
		h.refuse(w, r, http.StatusNotFound, errUnknown)
	}
	return c, t, ok
}

func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, status int, err error) {
	h.door.Refuse(w, r, nil, &door.RequestError{Kind: "bad_request", Status: status, Err: err})
}

// conflict refuses what does not fit to the state of the connection.
func (h *Handler) conflict(w http.ResponseWriter, r *http.Request, format string, args ...any) {
	h.refuse(w, r, http.StatusConflict, fmt.Errorf(format, args...))
}

// Close ends what is left when every connection is over.
func (h *Handler) Close() {
	h.relay.Close()
	h.conns.clear()
	h.stop()
}
