package broker

import (
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Message is one publication. It never changes once it has been published: its payload is shared.
type Message struct {
	Channel channel.Name
	Type    websocket.MessageType
	Purge   bool // it is a mark, for no subscriber and without a payload: with it, what its channel kept before is gone
	Payload []byte

	ID     string // the publisher's, unique within the channel, so that a repeat is stored once; "" for none
	Key    string // what it is about: where delivery is "latest", a newer message of the same key replaces an older one
	Source string // the subscription that it was published through, which may not want it back; "" for none

	Meta *Meta // what its publisher says of it besides; nil for nothing

	Offset uint64    // its place in the log, from 1; 0 if it is not stored
	Time   time.Time // when it was stored, or published if it is not stored
}
