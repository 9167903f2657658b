package websocket

import "github.com/holdfast-dev/holdfast/websocket/internal/wire"

// MessageType tells the two kinds of WebSocket message apart (RFC 6455 section 5.6).
type MessageType uint8

const (
	// Text is a message of UTF-8 text. A browser gets it as a string.
	Text = MessageType(wire.Text)
	// Binary is a message of arbitrary bytes. A browser gets it as a Blob or an ArrayBuffer.
	Binary = MessageType(wire.Binary)
)

// String returns "text" or "binary".
func (t MessageType) String() string {
	switch t {
	case Text:
		return "text"
	case Binary:
		return "binary"
	}
	return "unknown message type"
}

// Message is one message as it was received.
type Message struct {
	Type    MessageType
	Payload []byte
}
