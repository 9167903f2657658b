package cluster

// bus carries frames between nodes: NATS, or in tests something that loses them.
type bus interface {
	// publish sends a frame, which it does not keep, to who has subscribed. Frames of one node on one subject arrive in
	// order, as far as they arrive.
	publish(subject string, frame []byte) error
	// subscribe has take called with what others publish, one at a time, until the bus is closed. take may keep the frame.
	subscribe(subject string, take func(frame []byte)) error
	// maxBytes is how large a frame can be.
	maxBytes() int
	// close sends what has been published, and returns when no take is running or will run. The error says that something
	// was not sent.
	close() error
}

// Subjects. What begins with "holdfast." belongs to Holdfast.
const (
	subjectAll  = "holdfast.bus.all"
	subjectTo   = "holdfast.bus.to."   // and the id of a node
	subjectFlow = "holdfast.bus.flow." // and the name of a flow
)
