package websocket

// late keeps the messages that arrive while Close waits for the peer and nobody is reading, for a
// reader that is between two Reads.
type late struct {
	messages []lateMessage
	bytes    int64
}

type lateMessage struct {
	typ     MessageType
	payload []byte
}

// add keeps a copy of a message if no more than max bytes are kept then; from the first that is not,
// none are, so that what Read returns has no gap.
func (l *late) add(typ MessageType, payload []byte, max int64) {
	if l.bytes += int64(len(payload)); l.bytes <= max {
		l.messages = append(l.messages, lateMessage{typ, append([]byte{}, payload...)})
	}
}

// next takes the oldest message.
func (l *late) next() (MessageType, []byte, bool) {
	if len(l.messages) == 0 {
		return 0, nil, false
	}
	m := l.messages[0]
	l.messages = l.messages[1:]
	return m.typ, m.payload, true
}
