// Package channels is the edge where a channel is a URL: /channels/{channel} answers a WebSocket
// handshake or a request for events with the live channel, a POST by publishing its body, a GET with ?last= or ?since= with
// what is stored, and any other GET by explaining itself. /events has the events of several channels in one answer.
package channels

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Subprotocol is for browsers that bring a token as another subprotocol: they want one of theirs to be
// agreed on, and a token is never answered. It says nothing about the messages, which are those of the
// applications.
const Subprotocol = "holdfast.raw"

// Prefix is the path below which every path is a channel name.
const Prefix = "/channels/"

// Config says what the edge allows.
type Config struct {
	Door            *door.Door // where clients come in
	MaxMessageBytes int64      // the largest message, whichever way it comes in
	SendQueueBytes  int        // what may wait for a client that reads slowly; default 1 MiB. The bytes are shared with the other subscribers of the same messages
	Log             *slog.Logger

	// PingInterval is how long nothing may come from a client before it is pinged, and PongTimeout
	// how long it then has to send anything before it is given up. Zero means the defaults of
	// websocket.NewKeepalive: 25 s and 20 s.
	PingInterval, PongTimeout time.Duration

	// HeartbeatInterval is how often event streams are sent a comment; zero means 15 s.
	HeartbeatInterval time.Duration
}

// Handler serves all channel URLs. Call Close when the connections of its door have been closed.
type Handler struct {
	channels *session.Channels
	config   Config
	door     *door.Door
	accept   websocket.AcceptOptions
	keep     *websocket.Keepalive // of WebSockets
	beats    *heartbeats          // of event streams

	work context.Context // of what is being published
	stop context.CancelFunc

	sources    atomic.Uint64 // made so far
	sourceName string        // what makes them differ from those of other nodes, and of this one before
}

// New returns a handler for channels.
func New(channels *session.Channels, config Config) *Handler {
	work, stop := context.WithCancel(context.Background())
	return &Handler{
		channels:   channels,
		config:     config,
		door:       config.Door,
		work:       work,
		stop:       stop,
		sourceName: rand.Text()[:8],
		keep:       websocket.NewKeepalive(config.PingInterval, config.PongTimeout),
		beats:      newHeartbeats(config.HeartbeatInterval),
		accept: websocket.AcceptOptions{
			Origins:      config.Door.Origins,
			Subprotocols: []string{Subprotocol},
			Compression:  &websocket.Compression{NoContextTakeover: true},
			Limits: websocket.Limits{
				MaxMessageBytes: config.MaxMessageBytes,
				SendQueueBytes:  config.SendQueueBytes,
			},
		},
	}
}

// ServeHTTP answers one request below Prefix, or to EventsPath.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == EventsPath {
		h.serveAllEvents(w, r)
		return
	}
	escaped, ok := strings.CutPrefix(r.URL.EscapedPath(), Prefix)
	if !ok {
		http.NotFound(w, r)
		return
	}
	name, err := channel.FromPath(escaped)
	if err != nil {
		h.door.Refuse(w, r, nil, &door.RequestError{Kind: "bad_channel", Status: http.StatusBadRequest, Err: err})
		return
	}
	switch {
	case !websocket.IsHandshake(r) && h.door.Cross(w, r):
	case websocket.IsHandshake(r):
		h.serveSocket(w, r, name)
	case r.Method == http.MethodPost:
		h.servePublish(w, r, name)
	case wantsEvents(r):
		h.serveChannelEvents(w, r, name)
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && asksForHistory(r.URL.Query()):
		h.serveHistory(w, r, name)
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		h.serveExplanation(w, r, name)
	default:
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "a channel URL takes a WebSocket handshake, GET or POST", http.StatusMethodNotAllowed)
	}
}

// badRequest refuses a request of which something can't be understood. c is nil if it has not been let in.
func (h *Handler) badRequest(w http.ResponseWriter, r *http.Request, c *session.Client, status int, err error) {
	h.door.Refuse(w, r, c, &door.RequestError{Kind: "bad_request", Status: status, Err: err})
}

// Close ends what is left when every connection is over.
func (h *Handler) Close() {
	h.keep.Close()
	h.beats.close()
	h.stop()
}

// newSource returns a name for what one client publishes.
func (h *Handler) newSource() string {
	return h.sourceName + strconv.FormatUint(h.sources.Add(1), 36)
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) { writeBody(w, status, encodeJSON(v)) }

// encodeJSON returns v, of which there is a JSON form, in lines.
func encodeJSON(v any) []byte {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		panic(err) // of a type of ours: every test would see it
	}
	return append(body, '\n')
}

// writeBody answers with JSON.
func writeBody(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write(body) // fails only if the client has gone
}
