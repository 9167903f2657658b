package server

import (
	"context"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/edge/api"
	"github.com/holdfast-dev/holdfast/internal/edge/channels"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr"
	"github.com/holdfast-dev/holdfast/internal/edge/socket"
	"github.com/holdfast-dev/holdfast/internal/session"
	"github.com/holdfast-dev/holdfast/internal/telemetry"
)

// StoreError says that what the server keeps can't be opened: the logs of the channels with history, or
// the key of the sessions.
type StoreError struct{ Err error }

func (e *StoreError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// open opens what is kept, and the edges on top of it. When it fails, release closes what has been opened.
func (s *Server) open(ctx context.Context) (err error) {
	cfg := &s.config
	if s.store, err = openStore(ctx, cfg.Rules, cfg.Broker, max(int(s.backends.RecordBytes(cfg.MaxMessageBytes)), cfg.largestRetained(), cfg.largestTold())); err != nil {
		return err
	}
	if s.cluster, err = openCluster(ctx, cfg, s.store.logs); err != nil {
		return err
	}
	s.store.hub.Join(s.cluster)
	s.metrics.Registerer().MustRegister(clusterMetrics{s.cluster})
	s.drain = newDrain()
	key, err := openSessionKey(ctx, *cfg, s.store.logs)
	if err != nil {
		return err
	}
	if s.ids, err = openIdentities(ctx, cfg.Auth, cfg.ClientNames != "", s.store.logs, cfg.Log); err != nil {
		return err
	}
	s.backends.herald = newHerald(s.cluster, s.backends)
	s.store.channels.Join(s.cluster)
	if err = s.backends.begin(ctx, s.store); err != nil {
		return fmt.Errorf("what hooks are to be told can't be kept: %w", err)
	}
	s.clients = session.NewClients(cfg.Rules, cfg.Limits, s.ids.revoked)
	s.clients.Backend = s.backends
	s.clients.Join(s.cluster, cfg.Log)
	s.watchVersions()
	s.openPresence()
	if err = s.canary.init(ctx, s); err != nil {
		return fmt.Errorf("readiness can't be looked after: %w", err)
	}
	if err = s.openEdges(ctx, key); err != nil {
		return err
	}
	if err = s.cluster.Start(ctx); err != nil { // with all that is told and asked registered
		return err
	}
	s.backends.herald.begin()
	s.mqtt.Begin(ctx)
	return nil
}

// release closes what is below the edges, as far as it was opened: the other nodes are told goodbye first, and then the
// backends what they are still to be told, while there are logs for it.
func (s *Server) release(ctx context.Context) error {
	s.canary.end("the server has not started") // if nobody has ended it before
	if s.drain != nil {
		s.drain.close()
	}
	if s.cluster != nil {
		s.cluster.Close()
	}
	s.backends.Close(ctx)
	if s.ids != nil {
		s.ids.close()
	}
	if s.store == nil {
		return nil
	}
	return s.store.close(ctx)
}

// openEdges makes the edges, each with a door of its own. key signs what clients bring from one node to another.
func (s *Server) openEdges(ctx context.Context, key []byte) (err error) {
	cfg := &s.config
	audit := telemetry.NewAudit(cfg.Log, s.metrics.Registerer())
	doorTo := func(edge string) *door.Door {
		return &door.Door{Edge: edge, Clients: s.clients, Auth: s.ids.Authenticator, Sources: cfg.Sources, ClientNames: cfg.ClientNames, Origins: cfg.Origins, Audit: audit}
	}
	s.front = doorTo("server")
	s.answerMoving()
	cutOff := watchMinority(s)
	s.drain.running.Go(func() { cutOff.run(s.drain.context) })
	s.channels = channels.New(s.store.channels, channels.Config{
		Door:            doorTo("channels"),
		MaxMessageBytes: cfg.MaxMessageBytes,
		SendQueueBytes:  cfg.SendQueueBytes,
		PingInterval:    cfg.Ping,
		PongTimeout:     cfg.Pong,
		Log:             cfg.Log,
	})
	s.socket = socket.New(s.store.channels, socket.Config{
		Door:            doorTo("socket"),
		MaxMessageBytes: cfg.MaxMessageBytes,
		SendQueueBytes:  cfg.SendQueueBytes,
		Presence:        s.presence,
		Cluster:         s.cluster,
		Log:             cfg.Log,
		Endpoints:       func() []string { return endpointsOf(s.elsewhere()) },
		PingInterval:    cfg.Ping,
		PongTimeout:     cfg.Pong,
		Key:             key,
		Window:          presenceGrace,
		Dedup:           cfg.Broker.DuplicateWindow,
	})
	s.openAPI(doorTo("api"))
	s.openSignalR(doorTo("signalr"), key)
	s.mqtt, err = s.openMQTT(ctx, doorTo("mqtt"))
	return err
}

// openAPI makes the server API, behind a door that takes an API key in a header, and nothing else.
func (s *Server) openAPI(d *door.Door) {
	d.Sources, d.ClientNames = auth.Sources{}, ""
	s.api = api.New(s.store.channels, api.Config{
		Door:            d,
		MaxMessageBytes: s.config.MaxMessageBytes,
		Presence:        s.presence,
		Revocations:     s.ids.revoked,
		Tokens:          s.config.Auth,
		Version:         s.config.Version,
		Cluster:         s.cluster,
		Mover:           s,
		Overseen:        s.overseen(),
	})
}

// overseen is what the server API looks after.
func (s *Server) overseen() api.Overseen {
	o := api.Overseen{Name: s.config.clusterName(), Peers: s.config.clusterPeers(), Logs: s.store.logs, Health: s.canary.ready.Report}
	if o.Logs != nil {
		o.Rescuer = o.Logs
	}
	return o
}

// openSignalR makes the hubs. Their door takes a token from the URL, too: Microsoft's clients in browsers have no other
// place for it.
func (s *Server) openSignalR(d *door.Door, key []byte) {
	d.Sources.Query = true
	s.signalr = signalr.New(s.store.channels, signalr.Config{
		Door:            d,
		Hubs:            s.config.SignalR,
		Key:             key,
		Cluster:         s.cluster,
		MaxMessageBytes: s.config.MaxMessageBytes,
		SendQueueBytes:  s.config.SendQueueBytes,
		Presence:        s.presence,
		Log:             s.config.Log,
	})
}
