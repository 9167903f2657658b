// Package api is the server API: what backends in any language ask of Holdfast by HTTP and JSON below /v1/, with an API
// key. docs/api.md describes it, and openapi.json, which it serves itself.
package api

import (
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/cluster"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/hub"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// Prefix is the path below which everything is the API's.
const Prefix = "/v1/"

// Config says what the API is about.
type Config struct {
	Door            *door.Door // where backends come in; its Answer is set by New
	MaxMessageBytes int64      // the largest payload, whatever a channel's rule says
	Presence        *hub.Presence
	Revocations     *auth.Revocations
	Tokens          auth.Config      // what tokens are made with; one of its Keys can sign, or none are made
	Version         string           // of the server
	Cluster         *cluster.Cluster // of the nodes; not started yet
	Mover           Mover
	Overseen        Overseen
}

// The bounds of all requests together.
const (
	maxInFlightBytes = 64 << 20 // of bodies
	requestWeight    = 64 << 10 // the least that a request takes of them: some 1000 at a time
	flightTimeout    = 5 * time.Second
)

// Handler serves the API.
type Handler struct {
	channels    *session.Channels
	config      Config
	door        *door.Door
	endpoints   []endpoint
	maxBody     int64 // bytes
	flight      *semaphore.Weighted
	cluster     *cluster.Cluster
	replays     *replays
	invocations *invocations
	signer      auth.Signer // the zero value makes no tokens
	began       time.Time
}

// New returns a handler for channels. Call Close when the connections of clients have been closed.
func New(channels *session.Channels, config Config) *Handler {
	h := &Handler{
		channels: channels,
		config:   config,
		door:     config.Door,
		// The largest payload fits as base64, and as text that needs few escapes.
		maxBody:     max(minBody, config.MaxMessageBytes/3*4+requestWeight),
		cluster:     config.Cluster,
		replays:     newReplays(),
		invocations: newInvocations(),
		signer:      config.Tokens.Signer(),
		began:       time.Now(),
	}
	h.flight = semaphore.NewWeighted(max(maxInFlightBytes, h.maxBody))
	h.endpoints = h.routes()
	h.answerNodes()
	h.door.Answer = func(w http.ResponseWriter, r door.Refusal) { newProblem(r).write(w) }
	return h
}

// answerNodes registers what this node answers others.
func (h *Handler) answerNodes() {
	answers(h, connectionsTopic, h.ownConnections)
	answers(h, channelsTopic, h.ownOccupied)
	answers(h, disconnectTopic, h.disconnectOwn)
	answers(h, invokeTopic, h.invokeFor)
	answers(h, statsTopic, h.ownStats)
	answers(h, onceTopic, h.onceFor)
	answers(h, reportTopic, h.ownReport)
	h.cluster.Hear(onceEndTopic, h.onceEnded)
	h.cluster.Watch(func(n cluster.Node, here bool) {
		if !here {
			h.replays.abandon(n.ID)
		}
	})
}

// Close ends what runs here for other nodes.
func (h *Handler) Close() { h.invocations.close() }
