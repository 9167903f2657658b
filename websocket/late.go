package websocket

// late keeps the messages that arrive while Close waits for the peer and nobody is reading, for a
// reader that is between two Reads.
type late struct {
	messages []Message
	bytes    int64
}

// maxLate is how many messages are kept, since empty ones cost memory too.
const maxLate = 1000

// add keeps a copy of m if no more than max bytes are kept then; from the first that is not, none
// are, so that what Read returns has no gap.
func (l *late) add(m Message, max int64) {
	if l.bytes += int64(len(m.Payload)); l.bytes <= max && len(l.messages) < maxLate {
		l.messages = append(l.messages, Message{m.Type, append([]byte{}, m.Payload...)})
	}
}

// next takes the oldest message.
func (l *late) next() (Message, bool) {
	if len(l.messages) == 0 {
		return Message{}, false
	}
	m := l.messages[0]
	l.messages = l.messages[1:]
	return m, true
}
