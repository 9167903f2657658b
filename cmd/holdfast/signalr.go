package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/edge/signalr"
	"github.com/holdfast-dev/holdfast/internal/server"
)

// hubsOf returns the hubs of SignalR of a configuration, of which there is always one. The error is [config.Errors].
func hubsOf(c *config.Config) ([]*signalr.Hub, error) {
	if len(c.SignalR) == 0 {
		hub, err := signalr.NewHub("/signalr", nil, nil, nil)
		return []*signalr.Hub{hub}, err
	}
	var all []*signalr.Hub
	var wrong config.Errors
	for i, h := range c.SignalR {
		hub, err := signalr.NewHub(h.Path, h.Subscribe, h.Methods, h.Messages)
		if err == nil && !server.TakesHub(h.Path) {
			err = fmt.Errorf("the path %q is the server's own; take another one, such as /chatHub", h.Path)
		}
		if err != nil {
			wrong = append(wrong, &config.Error{Place: h.Place, Problem: fmt.Sprintf("signalr[%d]: %v", i, err)})
		}
		all = append(all, hub)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return all, nil
}

// describeHub returns what a hub has besides the methods of every hub, in the words of the configuration.
func describeHub(h *config.Hub) string {
	parts := append(slices.Clone(h.Methods), h.Messages...)
	if len(h.Subscribe) > 0 {
		parts = append([]string{"subscribes to " + strings.Join(h.Subscribe, ", ")}, parts...)
	}
	return cmp.Or(strings.Join(parts, "; "), "no methods of its own")
}
