package hub

import (
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Message is one publication on its way to subscribers. It is encoded once and shared by all of
// them; it never changes.
type Message struct {
	Channel channel.Name
	Frame   *websocket.Frame // the wire form of raw WebSockets
}

// NewMessage copies payload into a message. Text must be valid UTF-8.
func NewMessage(name channel.Name, typ websocket.MessageType, payload []byte) *Message {
	return &Message{Channel: name, Frame: websocket.NewFrame(typ, payload)}
}
