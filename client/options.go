package client

import (
	"context"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Defaults of Options.
const (
	// DefaultMaxMessageBytes is room for a payload of 1 MiB that JSON makes six times as long.
	DefaultMaxMessageBytes = 8 << 20
	// DefaultWindow is how many publications may be unacknowledged.
	DefaultWindow = 1024
	// DefaultQueue is how many messages of a subscription may wait for the application.
	DefaultQueue = 1024
)

const (
	windowBytes = 4 << 20 // of payloads that are not acknowledged, or one publication
	queueBytes  = 1 << 20 // of payloads that wait for the application in one subscription, or one message
)

// Options says how Dial connects. The zero value is a good start.
type Options struct {
	// WebSocket says how connections are made: headers, TLS, the transport. Subprotocols are set here,
	// and MaxMessageBytes, unless given, to DefaultMaxMessageBytes.
	WebSocket websocket.DialOptions

	// Endpoints are further URLs of /socket on the same server, tried in turn.
	Endpoints []string

	// Encoding is asked for; JSON by default.
	Encoding protocol.Encoding

	// Token, if not nil, is asked for a token before the first connection, ahead of the expiry of the
	// last one, and when the server refuses that. An error of it counts as a failed attempt.
	Token func(ctx context.Context) (string, error)

	// Name and Version of the program are for the server's log and console.
	Name, Version string

	// KeepTrying lets Dial go on until its context ends. Otherwise it fails when no endpoint can be
	// reached at once.
	KeepTrying bool

	// Window is how many publications may be unacknowledged, DefaultWindow if 0; with 4 MiB of payload
	// in all. With 1, each waits for the one before, which keeps the order of a channel even when the
	// server refuses one for a while.
	Window int

	// Queue is how many messages of a subscription may wait for the application, DefaultQueue if 0;
	// with 1 MiB of payload in all.
	Queue int
}

func (o *Options) withDefaults() Options {
	var all Options
	if o != nil {
		all = *o
	}
	if all.WebSocket.MaxMessageBytes == 0 {
		all.WebSocket.MaxMessageBytes = DefaultMaxMessageBytes
	}
	// The other encoding is not offered: a server that does not speak this one can't be talked to.
	all.WebSocket.Subprotocols = []string{protocol.SubprotocolJSON}
	if all.Encoding == protocol.MessagePack {
		all.WebSocket.Subprotocols = []string{protocol.SubprotocolMessagePack}
	}
	if all.Window <= 0 {
		all.Window = DefaultWindow
	}
	if all.Queue <= 0 {
		all.Queue = DefaultQueue
	}
	return all
}
