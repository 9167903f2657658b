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
	// WebSocket says how connections are made: headers, TLS, NetDial, also those without a WebSocket. Subprotocols are
	// set here, and MaxMessageBytes, unless given, to DefaultMaxMessageBytes.
	WebSocket websocket.DialOptions

	// Transports are the ways in which messages may travel, in the order in which they are tried; nil means
	// AllTransports. One that has worked is tried first from then on. While it is not the first of these, a connection by
	// the first is tried beside it now and then, and the client moves there without loss. Without a WebSocket messages
	// are in JSON, whatever Encoding says, and without NetDial connections go by the proxy that the environment names.
	Transports []Transport

	// Endpoints are further URLs of /socket of the same server, such as those of other nodes. The client begins at a random
	// one of all, and goes on to another after a drop; to those, too, that the server tells. One that can't be reached is
	// passed over for half a minute.
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
	if len(all.Transports) == 0 {
		all.Transports = AllTransports()
	}
	if all.Window <= 0 {
		all.Window = DefaultWindow
	}
	if all.Queue <= 0 {
		all.Queue = DefaultQueue
	}
	return all
}
