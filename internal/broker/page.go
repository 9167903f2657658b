package broker

// Page is a part of a channel's history, or of several channels', in order of offset.
type Page struct {
	Messages []*Message

	// Lost tells that messages behind the position that was asked for are not kept any more, or may not
	// be: nobody can tell for sure, and no gap is to be silent. Messages then begins with the oldest kept.
	Lost bool

	// End is the position behind the page, to go on from. With no messages left it is the current one.
	End Position

	// More tells that there was more in the log behind End when the page was read.
	More bool
}

// Ack says that a message is stored.
type Ack struct {
	Position       // of the message, or of the first one with the same ID
	Duplicate bool // a message with this ID had been stored before; this one was not
}
