package config

import "time"

// Limits bound what clients can ask of the server.
type Limits struct {
	MaxMessage Size `key:"max_message" default:"1MiB" least:"1" most:"1GiB" doc:"The largest message."`
	SendQueue  Size `key:"send_queue" default:"1MiB" least:"4KiB" most:"4GiB" doc:"How much waits for a client that reads slowly, before it counts as slow. It is at least as much as the largest message."`

	Connections           int `key:"connections" default:"100000" least:"0" doc:"How many connections this node takes. For this and the limits below, 0 is no limit, and development mode has none that is not written."`
	ConnectionsPerAddress int `key:"connections_per_address" default:"1000" least:"0" doc:"How many of them from one address; of IPv6, from one network of 64 bits. What is limited by address is counted by each node for itself."`
	ConnectionsPerUser    int `key:"connections_per_user" default:"100" least:"0" doc:"How many of one user, on all nodes together."`

	Lifetime time.Duration `key:"lifetime" default:"0s" least:"0s" doc:"For how long a connection may last; then it is closed with 1001, and its client comes back. Some are closed up to a tenth of it sooner."`
	Idle     time.Duration `key:"idle" default:"0s" least:"0s" doc:"For how long a client may send nothing, neither message nor command; then it is closed with 1001. Who only listens sends nothing."`

	Ping time.Duration `key:"ping" default:"15s" least:"1s" most:"10m" doc:"After how much silence a client of a WebSocket is pinged, and one that hears nothing of the server pings. Each idle connection costs a small packet each way so often: 25s spares the batteries of phones."`
	Pong time.Duration `key:"pong" default:"10s" least:"1s" most:"10m" doc:"How long the answer may take; then the connection is given up. A server that is frozen or cut off is noticed by its clients after limits.ping and limits.pong together."`

	Drain time.Duration `key:"drain" default:"15s" least:"0s" most:"1h" doc:"When this node stops and there are others: over which time its clients go to them. It takes longer if the others can't let them in as fast, and up to 10s more for those that do not heed it."`

	Handshakes           int `key:"handshakes" default:"1000" least:"0" doc:"How many clients are let in each second. More wait for their turn, up to 5s; the others are told when to come again."`
	HandshakesPerAddress int `key:"handshakes_per_address" default:"50" least:"0" doc:"How many from one address each second; for a moment twice as many."`

	Messages        int  `key:"messages" default:"100" least:"0" doc:"How many messages or commands a connection sends each second; for a moment twice as many. A bare WebSocket that sends more is read more slowly."`
	Bytes           Size `key:"bytes" default:"1MiB" least:"0" doc:"How many bytes they have each second; for a moment twice as many, and at least one largest message."`
	MessagesPerUser int  `key:"messages_per_user" default:"500" least:"0" doc:"The same for all connections of a user, on all nodes together: each node lets through the part that the user's connections on it are of all, and at least a tenth."`
	BytesPerUser    Size `key:"bytes_per_user" default:"4MiB" least:"0" doc:"The same for all connections of a user, shared in the same way."`

	HookQueue Size `key:"hook_queue" default:"256MiB" least:"1MiB" doc:"How much is kept of what hooks are still to be told, in all, besides messages of channels with history, which are in their log anyway. When it is full, the oldest is dropped, and the log says so."`
}

// withoutRates are the limits of development mode.
func (l *Limits) withoutRates() {
	*l = Limits{MaxMessage: l.MaxMessage, SendQueue: l.SendQueue, HookQueue: l.HookQueue, Ping: l.Ping, Pong: l.Pong, Drain: l.Drain}
}
