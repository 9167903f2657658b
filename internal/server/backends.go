package server

import (
	"context"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/hooks"
	"github.com/holdfast-dev/holdfast/internal/hub"
)

// backends are the application's own servers, and the way to them. How they are asked and told is the hooks' business.
type backends struct {
	*hooks.Hooks
	herald *herald // of what all nodes see; set when there is a cluster
}

// newBackends checks the hooks of a configuration.
func newBackends(s *Server) (backends, error) {
	h, err := hooks.New(hooks.Config{
		Hooks:      s.config.Hooks,
		QueueBytes: s.config.HookQueueBytes,
		Registry:   s.metrics.Registerer(),
		Log:        s.config.Log,
	})
	return backends{Hooks: h}, err
}

// begin has the backends told what is kept for them, and what happens in the channels of st from now on.
func (b backends) begin(ctx context.Context, st *store) error {
	st.channels.Listener = b
	return b.Start(ctx, hooks.Store{Broker: st.logs, Histories: st.histories, Publish: st.publish})
}

// Tell implements session.Listener. What all nodes see is told by one of them.
func (b backends) Tell(e hooks.Event) {
	switch e.Kind {
	case hooks.Join, hooks.Leave, hooks.Occupied, hooks.Vacated:
		b.herald.Tell(e)
	default:
		b.Hooks.Tell(e)
	}
}

// changed tells of a user who has come or gone.
func (b backends) changed(name channel.Name, c hub.Change) {
	e := hooks.Event{Kind: hooks.Leave, Channel: name, Client: hooks.Client{User: c.User, Info: string(c.Info)}}
	if c.Here {
		e.Kind = hooks.Join
	}
	if session, anonymous := hub.IsAnonymous(c.User); anonymous {
		e.Client.User, e.Client.Session = "", session
	}
	b.Tell(e)
}
