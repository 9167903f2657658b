//go:build linux

package dialect

import (
	"fmt"
	"io"
)

// WebSocket is bare WebSocket: a channel is a path, and whoever is connected to
// it is subscribed.
type WebSocket struct {
	Prefix string // of every channel's path, as in "/channels/"
	// Quiet, if not empty, is the query of a publisher, so that it does not get what it publishes,
	// and From that of a subscriber, which says where it begins.
	Quiet, From string
	Text        bool // messages are text, not binary
}

func (d WebSocket) opcode() byte {
	if d.Text {
		return opText
	}
	return opBinary
}

// Subscriber implements Dialect.
func (d WebSocket) Subscriber(channel string, size int) Client {
	return &webSocketClient{path: d.Prefix + channel + d.From, size: size, opcode: d.opcode()}
}

// Publisher implements Dialect.
func (d WebSocket) Publisher(channel string) Client {
	return &webSocketClient{path: d.Prefix + channel + d.Quiet, size: -1, opcode: d.opcode()}
}

// Message implements Dialect.
func (d WebSocket) Message(_ string, size int) []byte {
	return appendFrame(nil, d.opcode(), Payload(size))
}

type webSocketClient struct {
	path    string
	size    int // of each message; -1 if none is to come
	opcode  byte
	frames  frames
	control control
}

// Join implements Client.
func (c *webSocketClient) Join(rw io.ReadWriter, host string) (messages int, err error) {
	rest, err := upgrade(rw, host, c.path)
	if err != nil {
		return 0, err
	}
	return hear(rw, c, rest)
}

// Feed implements Client.
func (c *webSocketClient) Feed(b []byte) (messages int, answer []byte, err error) {
	for {
		p, rest, ok, err := c.frames.next(b)
		if !ok || err != nil {
			return messages, answer, err
		}
		b = rest
		switch {
		case p.opcode != c.opcode:
			if answer, err = c.control.take(p, answer); err != nil {
				return messages, answer, err
			}
		case p.size != c.size:
			return messages, answer, wrongSize(p.size, c.size)
		case !p.fin:
			return messages, answer, fmt.Errorf("the server sent a message of %d bytes in several frames", c.size)
		case p.last:
			messages++
		}
	}
}
