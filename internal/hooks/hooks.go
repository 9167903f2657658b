package hooks

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// Config says which hooks there are.
type Config struct {
	Hooks    []Hook                // of several for the same question the first is asked
	Registry prometheus.Registerer // for metrics; nil for none
	Log      *slog.Logger          // nil for none
}

// Hooks are all hooks of a node. Its methods may be called from any goroutine; on nil, nobody is asked and
// nobody told.
type Hooks struct {
	backends   []*backend
	transports transports
}

// New checks the hooks. Questions can be asked from then on. The error says which hook is wrong, and why.
func New(c Config) (*Hooks, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Registry == nil {
		c.Registry = prometheus.NewRegistry()
	}
	h := &Hooks{transports: make(transports)}
	m := newMetrics(c.Registry)
	seen := make(map[string]bool)
	for _, hook := range c.Hooks {
		if hook.Name == "" || seen[hook.Name] {
			return nil, errors.New("each hook needs a name of its own")
		}
		seen[hook.Name] = true
		b, err := newBackend(hook, h.transports, m, c.Log)
		if err != nil {
			return nil, fmt.Errorf("the hook %q: %w", hook.Name, err)
		}
		h.backends = append(h.backends, b)
	}
	return h, nil
}

// NeedsBroker tells whether a hook is told of anything, which waits in a log of the broker.
func (h *Hooks) NeedsBroker() bool {
	return h != nil && slices.ContainsFunc(h.backends, func(b *backend) bool { return b.tells() })
}

// Close drops the connections to backends. Nobody may ask any more.
func (h *Hooks) Close() {
	h.transports.close()
}

// Asks tells whether a hook would be asked about something in any channel that p selects; p is not looked at
// for connect and rpc. It allocates nothing.
func (h *Hooks) Asks(k Kind, p channel.Pattern) bool {
	return k.asked() && h.find(k, p) != nil
}

// Headers returns the names of the fields in a request's header that the hook for connect is shown.
func (h *Hooks) Headers() []string {
	if b := h.find(Connect, ""); b != nil {
		return b.Headers
	}
	return nil
}

// Tells tells whether a hook is told of something in a channel; the name is not looked at for disconnect. It
// allocates nothing.
func (h *Hooks) Tells(k Kind, name channel.Name) bool {
	return !k.asked() && h.find(k, name.Pattern()) != nil
}

// find returns the first hook that wants to know of something, or nil.
func (h *Hooks) find(k Kind, p channel.Pattern) *backend {
	if h == nil {
		return nil
	}
	for _, b := range h.backends {
		if b.wants(k, p) {
			return b
		}
	}
	return nil
}
