//go:build linux

package main

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/bench/internal/report"
)

// serverLoad is one of the loads that whole servers are put under.
type serverLoad struct {
	name        string
	title       string
	secure      bool
	subscribers int // of the one channel
	burst       int // messages published at once; 0 for none: what is measured is memory
	quiet       int // channels beside, each with a subscriber, on which nothing happens
	goals       []report.Goal
}

// messageBytes is the payload of every message.
const messageBytes = 128

// serverLoads returns every load. quick makes those that take long by their size smaller.
func serverLoads(quick bool) []serverLoad {
	many, idle, idleTLS, channels := 5_000, 10_000, 5_000, []int{1_000, 10_000}
	if quick {
		many, idle, idleTLS, channels = 2_000, 500, 300, []int{100, 500}
	}
	loads := []serverLoad{
		{name: "one-1000", subscribers: 1_000, burst: 1, goals: []report.Goal{{Peer: "nats", Value: 1.6}, {Peer: "mosquitto", Value: 1.1}}},
		{name: "burst-100", subscribers: 100, burst: 16},
		{name: "burst-1000", subscribers: 1_000, burst: 16, goals: []report.Goal{{Peer: "nats", Value: 1.6}}},
		{name: "burst-5000", subscribers: many, burst: 16, goals: []report.Goal{{Peer: "nats", Value: 4}}},
		{name: "quiet-1000", subscribers: 1_000, burst: 16, quiet: channels[0]},
		{name: "quiet-10000", subscribers: 1_000, burst: 16, quiet: channels[1]},
		{name: "idle", subscribers: idle, goals: []report.Goal{{Value: 5 << 10}}},
		{name: "idle-tls", subscribers: idleTLS, secure: true, goals: []report.Goal{{Value: 15 << 10}}},
	}
	for i := range loads {
		loads[i].title = loads[i].describe()
		if quick {
			loads[i].goals = nil // they are for the loads of full size
		}
	}
	return loads
}

func (l *serverLoad) describe() string {
	if l.memory() {
		over := ""
		if l.secure {
			over = ", over TLS"
		}
		return fmt.Sprintf("memory of %d idle subscribers of a channel%s", l.subscribers, over)
	}
	title := fmt.Sprintf("%d B to %d subscribers, ", messageBytes, l.subscribers)
	if l.burst == 1 {
		title += "one at a time"
	} else {
		title += fmt.Sprintf("in bursts of %d", l.burst)
	}
	if l.quiet > 0 {
		title += fmt.Sprintf(", beside %d quiet channels", l.quiet)
	}
	return title
}

// memory tells that the load has no traffic.
func (l *serverLoad) memory() bool { return l.burst == 0 }

// unit says what the figures of the load are.
func (l *serverLoad) unit() string {
	if l.memory() {
		return "bytes of server memory per subscriber"
	}
	return "deliveries per server CPU second"
}

// sweep is several loads that differ in one number, which a plot has as its axis.
type sweep struct {
	name, title, axis string
	loads             []string
	at                func(serverLoad) float64
}

func sweeps() []sweep {
	return []sweep{
		{"cost-subscribers", "what a delivery costs, by subscribers", "subscribers of the channel", []string{"burst-100", "burst-1000", "burst-5000"},
			func(l serverLoad) float64 { return float64(l.subscribers) }},
		{"cost-channels", "what a delivery costs, by channels", "channels with a subscriber", []string{"burst-1000", "quiet-1000", "quiet-10000"},
			func(l serverLoad) float64 { return float64(1 + l.quiet) }},
	}
}
