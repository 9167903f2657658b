//go:build linux

package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// EventStream is Server-Sent Events over HTTP/1.1: a subscriber reads the stream of a channel's URL. Its
// messages are text; who publishes them does so by WebSocket.
type EventStream struct {
	Publishing WebSocket // in text
}

// Subscriber implements Dialect.
func (d EventStream) Subscriber(channel string, size int) Client {
	return &eventClient{path: d.Publishing.Prefix + channel, size: size}
}

// Publisher implements Dialect.
func (d EventStream) Publisher(channel string) Client { return d.Publishing.Publisher(channel) }

// Message implements Dialect.
func (d EventStream) Message(channel string, size int) []byte {
	return d.Publishing.Message(channel, size)
}

type eventClient struct {
	path string
	size int // of each message

	line  []byte // the current one, as far as it has come
	named bool   // the event is not a message
	data  int    // bytes of the event's data
	has   bool   // the event has data
}

// Join implements Client.
func (c *eventClient) Join(rw io.ReadWriter, host string) (messages int, err error) {
	if _, err := fmt.Fprintf(rw, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\n\r\n", c.path, host); err != nil {
		return 0, err
	}
	head, rest, err := readHead(rw)
	if err != nil {
		return 0, err
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 200 ")) || !bytes.Contains(head, []byte("\r\nConnection: close")) {
		return 0, fmt.Errorf("the server answered %q", head)
	}
	return hear(rw, c, rest)
}

// Feed implements Client. The server keeps the connection alive by comments, which need no answer. The body is all that comes until the
// connection is closed.
func (c *eventClient) Feed(b []byte) (messages int, answer []byte, err error) {
	messages, err = c.take(b)
	return messages, nil, err
}

// take reads what has come of the stream.
func (c *eventClient) take(b []byte) (messages int, err error) {
	for len(b) > 0 {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			c.line = append(c.line, b...)
			return messages, nil
		}
		line := b[:end]
		if len(c.line) > 0 {
			c.line = append(c.line, line...)
			line = c.line
		}
		b = b[end+1:]
		whole, err := c.takeLine(line)
		if c.line = c.line[:0]; err != nil {
			return messages, err
		}
		if whole {
			messages++
		}
	}
	return messages, nil
}

// takeLine reads a line of the stream, and tells whether it completes a message.
func (c *eventClient) takeLine(line []byte) (whole bool, err error) {
	switch {
	case len(line) == 0:
		message := c.has && !c.named
		if message && c.data != c.size {
			return false, wrongSize(c.data, c.size)
		}
		c.has, c.named, c.data = false, false, 0
		return message, nil
	case bytes.HasPrefix(line, []byte("data: ")):
		c.has = true
		c.data += len(line) - len("data: ")
	case bytes.HasPrefix(line, []byte("event: ")):
		c.named = true
		if string(line) == "event: close" {
			return false, errors.New("the server closed the stream")
		}
	}
	return false, nil
}
