package protocol

// Bounds of what a client sends. Those of one connection, which the server tells it, are [Limits].
const (
	MaxDepth     = 64      // nested arrays and objects in a JSON message, payloads included
	MaxPackDepth = 8       // the same in MessagePack, where payloads are not looked into
	MaxKeys      = 1 << 14 // keys of objects in a message, payloads included

	MaxChannelBytes   = 255      // of a channel or pattern
	MaxIDBytes        = 128      // of a publication's id and key, of a method and a cursor
	MaxNameBytes      = 64       // of a session's id, and of a client's name and version
	MaxSecretBytes    = 20 << 10 // of a session's secret, which says what its token did
	MaxTokenBytes     = 16 << 10 // of a token
	MaxPositions      = 64       // in since
	MaxPositionsBytes = 4 << 10  // of since
	MaxPage           = 1000     // messages or connections on a page

	// MaxWhole is the largest whole number, the largest that JavaScript holds exactly.
	MaxWhole = 1<<53 - 1
)

// Limits are those of a connection, as the reply to connect tells them.
type Limits struct {
	MessageBytes  uint64 // of a WebSocket message to the server
	Commands      int    // in one array
	Subscriptions int    // at the same time; 0 if not known
}

// AssumedLimits are what a client may count on before it has been told.
func AssumedLimits() Limits { return Limits{MessageBytes: 64 << 10, Commands: 64} }

func (l *Limits) write(w *encoder) {
	at := w.object()
	w.whole("message", l.MessageBytes)
	w.whole("commands", uint64(l.Commands))
	w.whole("subscriptions", uint64(l.Subscriptions))
	w.endObject(at)
}

func (l *Limits) read(d *decoder) {
	d.fields("limits", func(name string) {
		switch name {
		case "message":
			l.MessageBytes = d.whole(name, 0, MaxWhole)
		case "commands":
			l.Commands = int(d.whole(name, 0, 1<<31-1))
		case "subscriptions":
			l.Subscriptions = int(d.whole(name, 0, 1<<31-1))
		default:
			d.unknown(name)
		}
	})
}
