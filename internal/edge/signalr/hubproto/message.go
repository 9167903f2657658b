package hubproto

// Message is one message of the hub protocol: one of the types of this file.
type Message interface {
	// Tracked tells whether the message counts for stateful reconnect: whether it is numbered, acknowledged, and sent
	// again when it was not.
	Tracked() bool
}

// The type of a message, as it is on the wire.
const (
	typeInvocation       = 1
	typeStreamItem       = 2
	typeCompletion       = 3
	typeStreamInvocation = 4
	typeCancelInvocation = 5
	typePing             = 6
	typeClose            = 7
	typeAck              = 8
	typeSequence         = 9
)

// Invocation asks the other side to run a method.
type Invocation struct {
	ID        string // that its answers bear; "" if it is not to be answered at all
	Target    string // the method
	Arguments []Value
	Streams   []string // ids of streams that the caller sends along as further arguments
	Streaming bool     // it is answered with items, and then a Completion; it has an ID then
}

// StreamItem is one item of a stream: the answer to an Invocation, or one that was sent along with it.
type StreamItem struct {
	ID   string // of the Invocation or of the stream
	Item Value
}

// Completion ends an Invocation, or a stream that was sent along. Without Result and Error it has worked, and there is
// nothing to say.
type Completion struct {
	ID     string
	Result Value  // the zero Value for none
	Error  string // why it has failed; "" if it has not
}

// CancelInvocation asks for no more of a stream.
type CancelInvocation struct{ ID string }

// Ping says that its sender is alive.
type Ping struct{}

// Close says that the connection is about to be closed.
type Close struct {
	Error          string // "" for none
	AllowReconnect bool   // whether a client that reconnects by itself may
}

// Ack says which tracked message is the last one that has been taken.
type Ack struct{ Sequence uint64 }

// Sequence is the first message after a reconnect: the number of the tracked message that comes next.
type Sequence struct{ Sequence uint64 }

// Tracked implements Message.
func (*Invocation) Tracked() bool { return true }

// Tracked implements Message.
func (*StreamItem) Tracked() bool { return true }

// Tracked implements Message.
func (*Completion) Tracked() bool { return true }

// Tracked implements Message.
func (*CancelInvocation) Tracked() bool { return true }

// Tracked implements Message.
func (*Ping) Tracked() bool { return false }

// Tracked implements Message.
func (*Close) Tracked() bool { return false }

// Tracked implements Message.
func (*Ack) Tracked() bool { return false }

// Tracked implements Message.
func (*Sequence) Tracked() bool { return false }
