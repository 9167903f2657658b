package hub

import (
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Publication is one or several messages that were published together, on their way to the
// subscribers. It is encoded once and shared by all of them; it never changes.
type Publication struct {
	Channel channel.Name
	Batch   *websocket.Batch // the wire form of raw WebSockets
}

// NewPublication copies messages, of which there is at least one. Text must be valid UTF-8.
func NewPublication(name channel.Name, messages ...websocket.Message) *Publication {
	frames := make([]*websocket.Frame, len(messages))
	for i, m := range messages {
		frames[i] = websocket.NewFrame(m.Type, m.Payload)
	}
	return &Publication{Channel: name, Batch: websocket.NewBatch(frames...)}
}
