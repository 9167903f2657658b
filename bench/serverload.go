//go:build linux

package main

import (
	"fmt"

	"github.com/holdfast-dev/holdfast/bench/internal/daemon"
	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
	"github.com/holdfast-dev/holdfast/bench/internal/report"
)

// serverLoad is one of the loads that whole servers are put under.
type serverLoad struct {
	name    string
	title   string
	kind    loadKind
	secure  bool
	conns   int // subscribers of the one channel, or publishers
	burst   int // messages published at once, or in flight on each connection
	quiet   int // channels beside, each with a subscriber, on which nothing happens
	history bool
	bytes   int     // the payload of every message; messageBytes if 0
	over    carrier // what messages come and go over, of our own server, beside the WebSocket; "" for that alone
	batch   int     // messages in a request
	goals   []report.Goal
}

// carrier is another way to and from the channels of our own server.
type carrier string

const (
	overEvents carrier = "Server-Sent Events"
	overPost   carrier = "POST"
	overHub    carrier = "SignalR" // beside Holdfast's own protocol
)

// loadKind is what the clients of a load do.
type loadKind uint8

const (
	fanOut    loadKind = iota // one publishes, the others get all of it
	fanIn                     // all publish, and one gets all of it
	idle                      // they are subscribed, and nothing happens
	publish                   // all publish and are answered when the message is stored
	publishWS                 // each publishes to a channel of its own, and gets the message back when it is stored
	returning                 // they come back and get what they have missed
	opening                   // they connect and subscribe
)

const (
	messageBytes = 128 // the payload of a message
	missed       = 20  // messages, by each client that returns
)

// The channels of the loads: development mode keeps a history of those below "chat/".
const (
	ephemeralChannel = "bench"
	historyChannel   = "chat/bench"
)

// serverLoads returns every load. quick makes those that take long by their size smaller.
func serverLoads(quick bool) []serverLoad {
	many, plain, secure, channels := 5_000, 10_000, 5_000, []int{1_000, 10_000}
	if quick {
		many, plain, secure, channels = 2_000, 500, 300, []int{100, 500}
	}
	loads := []serverLoad{
		{name: "one-1000", conns: 1_000, burst: 1, goals: []report.Goal{{Peer: "nats", Value: 1.6}, {Peer: "mosquitto", Value: 1.1}}},
		{name: "burst-100", conns: 100, burst: 16},
		{name: "burst-1000", conns: 1_000, burst: 16, goals: []report.Goal{{Peer: "nats", Value: 1.6}}},
		{name: "burst-5000", conns: many, burst: 16, goals: []report.Goal{{Peer: "nats", Value: 4}}},
		{name: "quiet-1000", conns: 1_000, burst: 16, quiet: channels[0]},
		{name: "quiet-10000", conns: 1_000, burst: 16, quiet: channels[1]},
		{name: "in-1000", kind: fanIn, conns: 1_000, burst: 1},
		{name: "idle", kind: idle, conns: plain, goals: []report.Goal{{Value: 5 << 10}}},
		{name: "idle-tls", kind: idle, conns: secure, secure: true, goals: []report.Goal{{Value: 15 << 10}}},
		{name: "history-one", conns: 1_000, burst: 1, history: true, goals: []report.Goal{{Peer: ephemeral, Value: 0.85}}},
		{name: "history-burst", conns: 1_000, burst: 16, history: true, goals: []report.Goal{{Peer: ephemeral, Value: 0.85}}},
		{name: "publish-1", kind: publish, conns: 1, burst: 1, history: true},
		{name: "publish-256", kind: publish, conns: 256, burst: 4, history: true},
		{name: "publish-ws-64", kind: publishWS, conns: 64, burst: 16, history: true},
		{name: "one-1000-tls", conns: 1_000, burst: 1, secure: true},
		{name: "one-1000-4k", conns: 1_000, burst: 1, bytes: 4 << 10},
		{name: "one-1000-4k-tls", conns: 1_000, burst: 1, bytes: 4 << 10, secure: true},
		{name: "open", kind: opening, conns: 1_000},
		{name: "open-tls", kind: opening, conns: 1_000, secure: true},
		{name: "return-5000", kind: returning, conns: many, history: true},
		{name: "events-one", conns: 1_000, burst: 1, over: overEvents},
		{name: "events-burst", conns: 1_000, burst: 16, over: overEvents},
		{name: "events-idle", kind: idle, conns: secure, over: overEvents},
		{name: "signalr-one", conns: 1_000, burst: 1, over: overHub},
		{name: "signalr-burst", conns: 1_000, burst: 16, over: overHub},
		{name: "signalr-calls", kind: publishWS, conns: 64, burst: 16, over: overHub},
		{name: "post-64", kind: publishWS, conns: 64, burst: 1, history: true, over: overPost, batch: 1},
		{name: "post-batch", kind: publishWS, conns: 64, burst: 1, history: true, over: overPost, batch: 16},
	}
	for i := range loads {
		if loads[i].bytes == 0 {
			loads[i].bytes = messageBytes
		}
		loads[i].title = loads[i].describe()
		if quick {
			loads[i].goals = nil // they are for the loads of full size
		}
	}
	return loads
}

// describe returns the title of the load.
func (l *serverLoad) describe() string {
	var title string
	switch l.kind {
	case idle:
		title = fmt.Sprintf("memory of %d idle subscribers of a channel", l.conns)
	case fanOut:
		title = fmt.Sprintf("%d B to %d subscribers, in bursts of %d", l.bytes, l.conns, l.burst)
		if l.burst == 1 {
			title = fmt.Sprintf("%d B to %d subscribers, one at a time", l.bytes, l.conns)
		}
	case fanIn:
		title = fmt.Sprintf("%d B from each of %d publishers to one subscriber", l.bytes, l.conns)
	case publish:
		title = fmt.Sprintf("publishing %d B with acknowledgement, %d connections with %d in flight", l.bytes, l.conns, l.burst)
	case publishWS:
		if l.over != "" {
			title = fmt.Sprintf("publishing %d B with acknowledgement, %d connections", l.bytes, l.conns)
			break
		}
		title = fmt.Sprintf("publishing %d B over WebSocket and getting it back, %d channels with %d in flight", l.bytes, l.conns, l.burst)
	case opening:
		title = fmt.Sprintf("%d clients connect and subscribe", l.conns)
	case returning:
		title = fmt.Sprintf("%d subscribers come back for %d messages that they missed", l.conns, missed)
	}
	switch l.over {
	case "":
	case overHub:
		title += ", over SignalR and /socket, both in JSON"
	default:
		title += fmt.Sprintf(", over %s and WebSocket", l.over)
	}
	if l.batch > 1 {
		title += fmt.Sprintf(", %d in a request", l.batch)
	}
	if l.quiet > 0 {
		title += fmt.Sprintf(", beside %d quiet channels", l.quiet)
	}
	if l.secure {
		title += ", over TLS"
	}
	if l.history {
		title += ", with history"
	}
	return title
}

// unit says what the figures of the load are.
func (l *serverLoad) unit() string {
	switch l.kind {
	case idle:
		return "bytes of server memory per subscriber"
	case publish, publishWS:
		return "acknowledgements per server CPU second"
	case opening:
		return "connections per server CPU second"
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
			func(l serverLoad) float64 { return float64(l.conns) }},
		{"cost-channels", "what a delivery costs, by channels", "channels with a subscriber", []string{"burst-1000", "quiet-1000", "quiet-10000"},
			func(l serverLoad) float64 { return float64(1 + l.quiet) }},
	}
}

// The WebSocket whose messages are text, which is what an event stream has, too.
var textSocket = dialect.WebSocket{Prefix: daemon.ChannelPrefix, Quiet: "?echo=false", Text: true}

// other returns the way of a load that is not the WebSocket.
func (l *serverLoad) other() way {
	switch l.over {
	case overHub:
		return way{dialect.SignalR{Answers: l.kind == publishWS}, ephemeralChannel, l.burst, 1}
	case overPost:
		return way{dialect.Post{Prefix: daemon.ChannelPrefix, Batch: l.batch}, historyChannel, l.burst, l.batch}
	}
	return way{dialect.EventStream{Publishing: textSocket}, ephemeralChannel, l.burst, 1}
}

// bare returns the way that it is compared with, and what that is called.
func (l *serverLoad) bare() (string, way) {
	switch l.over {
	case overHub:
		return envelopes, way{dialect.Socket{Answers: l.kind == publishWS}, ephemeralChannel, l.burst, 1}
	case overPost:
		return bare, way{dialect.WebSocket{Prefix: daemon.ChannelPrefix}, historyChannel, l.batch, 1}
	}
	return bare, way{textSocket, ephemeralChannel, l.burst, 1}
}
