//go:build linux

package dialect

import (
	"fmt"
	"io"
	"strconv"
)

// SocketIO is Socket.IO 5 on Engine.IO 4, over WebSocket from the beginning
// (socket.io/docs/v4/socket-io-protocol, .../engine-io-protocol). A channel is a room: the server in
// bench/socketio lets a client into one that asks to "join" it, and sends on to it what comes as
// "publish". A message is a JSON string.
type SocketIO struct{}

// Subscriber implements Dialect.
func (SocketIO) Subscriber(channel string, size int) Client {
	return &socketIOClient{room: channel, event: len(`42["m",""]`) + size}
}

// Publisher implements Dialect.
func (SocketIO) Publisher(string) Client { return &socketIOClient{} }

// Message implements Dialect.
func (SocketIO) Message(channel string, size int) []byte {
	return appendFrame(nil, opText, fmt.Appendf(nil, `42["publish",%s,"%s"]`, strconv.Quote(channel), Payload(size)))
}

type socketIOClient struct {
	room    string // "" to join none
	event   int    // bytes of the packet of each message; 0 if none is to come
	state   socketIOState
	frames  frames
	control control
	packet  []byte // the beginning of the current packet
}

// socketIOState is how far a client has come.
type socketIOState uint8

const (
	socketIODialing   socketIOState = iota
	socketIOOpen                    // of Engine.IO
	socketIOConnected               // of Socket.IO
	socketIOJoined
)

// Join implements Client.
func (c *socketIOClient) Join(rw io.ReadWriter, host string) (messages int, err error) {
	rest, err := upgrade(rw, host, "/socket.io/?EIO=4&transport=websocket")
	if err != nil {
		return 0, err
	}
	if messages, err = hear(rw, c, rest); err != nil {
		return messages, err
	}
	steps := []struct {
		send string
		want socketIOState
	}{
		{"", socketIOOpen},
		{"40", socketIOConnected},
		{`420["join",` + strconv.Quote(c.room) + `]`, socketIOJoined},
	}
	if c.room == "" {
		steps = steps[:2]
	}
	for _, step := range steps {
		if step.send != "" {
			if _, err := rw.Write(appendFrame(nil, opText, []byte(step.send))); err != nil {
				return messages, err
			}
		}
		more, err := await(rw, c, func() bool { return c.state >= step.want })
		if messages += more; err != nil {
			return messages, err
		}
	}
	return messages, nil
}

// Feed implements Client. Each packet is a text message in one frame.
func (c *socketIOClient) Feed(b []byte) (messages int, answer []byte, err error) {
	const look = 60 // bytes at the beginning of a packet that are kept, to tell it by
	for {
		p, rest, ok, err := c.frames.next(b)
		if !ok || err != nil {
			return messages, answer, err
		}
		b = rest
		if p.opcode != opText {
			if answer, err = c.control.take(p, answer); err != nil {
				return messages, answer, err
			}
			continue
		}
		if p.first {
			c.packet = c.packet[:0]
		}
		c.packet = append(c.packet, p.payload[:min(len(p.payload), look-len(c.packet))]...)
		if !p.last {
			continue
		}
		message, ping, err := c.hearPacket(p.size)
		if err != nil {
			return messages, answer, err
		}
		if message {
			messages++
		}
		if ping {
			answer = appendFrame(answer, opText, []byte("3"))
		}
	}
}

// hearPacket takes a packet of size bytes, of which it has the beginning.
func (c *socketIOClient) hearPacket(size int) (message, ping bool, err error) {
	kind := string(c.packet[:min(len(c.packet), 2)])
	switch {
	case kind == "42":
		if size != c.event {
			return false, false, wrongSize(size, c.event)
		}
		return true, false, nil
	case kind == "2":
		return false, true, nil
	case kind == "40":
		c.state = socketIOConnected
	case kind == "43":
		c.state = socketIOJoined
	case len(kind) > 0 && kind[0] == '0':
		c.state = socketIOOpen
	default:
		return false, false, fmt.Errorf("the server sent %q", c.packet)
	}
	return false, false, nil
}
