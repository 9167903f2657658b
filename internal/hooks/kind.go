package hooks

// Kind is what a hook is asked, or told of.
type Kind string

// What a hook is asked, while a client waits.
const (
	Connect   Kind = "connect"
	Subscribe Kind = "subscribe"
	Publish   Kind = "publish"
	RPC       Kind = "rpc"
)

// What a hook is told of, later.
const (
	Disconnect Kind = "disconnect" // a client has gone
	Occupied   Kind = "occupied"   // a channel has its first subscriber
	Vacated    Kind = "vacated"    // its last one has gone
	Join       Kind = "join"       // somebody is present
	Leave      Kind = "leave"      // and is not any more
	Message    Kind = "message"    // a message was published
)

// types are those of CloudEvents.
var types = map[Kind]string{
	Connect:    "dev.holdfast.connect",
	Subscribe:  "dev.holdfast.subscribe",
	Publish:    "dev.holdfast.publish",
	RPC:        "dev.holdfast.rpc",
	Disconnect: "dev.holdfast.disconnect",
	Occupied:   "dev.holdfast.channel.occupied",
	Vacated:    "dev.holdfast.channel.vacated",
	Join:       "dev.holdfast.presence.join",
	Leave:      "dev.holdfast.presence.leave",
	Message:    "dev.holdfast.message",
}

// asked tells whether a client waits for the answer.
func (k Kind) asked() bool {
	return k == Connect || k == Subscribe || k == Publish || k == RPC
}

// ofChannels tells whether it is about a channel.
func (k Kind) ofChannels() bool {
	return k != Connect && k != RPC && k != Disconnect
}
