package config

import "fmt"

// Hub is a hub of SignalR.
type Hub struct {
	Path      string   `key:"path" default:"/signalr" doc:"Where clients connect. Each hub has another."`
	Subscribe []string `key:"subscribe" doc:"Channels that every client is subscribed to from the beginning, as far as it may be."`
	Methods   []string `key:"methods" doc:"What methods of the hub do, as in [SendMessage=publish chat/lobby, JoinRoom=subscribe rooms/{0}]: publish, subscribe or unsubscribe, and the channel, where {0} is the first argument. What is published is the JSON array of the other arguments."`
	Messages  []string `key:"messages" doc:"Which method of the clients the messages of channels invoke, as in [chat/lobby=ReceiveMessage, rooms/+=ReceiveMessage]; with a JSON array, its elements are the arguments. Other channels' invoke message(channel, data, meta)."`

	Place Place `key:"-"` // where it is written
}

// settleHubs checks what can be seen without knowing the methods.
func (c *Config) settleHubs(d *decoder) {
	seen := map[string]bool{}
	for i, h := range c.SignalR {
		if seen[h.Path] {
			path := fmt.Sprintf("signalr[%d].path", i)
			d.wrong(path, "%s: there is a hub at %s already; give each another path", path, h.Path)
		}
		seen[h.Path] = true
	}
}

// exampleHubs is part of the reference and of the template.
const exampleHubs = `signalr:
  - path: /chatHub
    subscribe: [chat/lobby]
    methods: [SendMessage=publish chat/lobby]
    messages: [chat/lobby=ReceiveMessage]
`
