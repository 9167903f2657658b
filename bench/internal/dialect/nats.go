//go:build linux

package dialect

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// NATS is the client protocol of NATS in WebSocket messages
// (docs.nats.io/reference/reference-protocols/nats-protocol). A channel is a subject.
type NATS struct{}

// Subscriber implements Dialect.
func (NATS) Subscriber(channel string, size int) Client {
	return &natsClient{subject: channel, size: size}
}

// Publisher implements Dialect.
func (NATS) Publisher(string) Client { return &natsClient{size: -1} }

// Message implements Dialect.
func (NATS) Message(channel string, size int) []byte {
	pub := fmt.Appendf(nil, "PUB %s %d\r\n%s\r\n", channel, size, Payload(size))
	return appendFrame(nil, opBinary, pub)
}

// maxNATSLine bounds a line of the server; its INFO is the longest.
const maxNATSLine = 32 << 10

type natsClient struct {
	subject string // "" to subscribe to none
	size    int    // of each message
	joined  bool   // the server has answered what was sent first
	frames  frames
	control control
	line    []byte // the beginning of a line that was cut
	left    int    // bytes of a message, and of the line break behind it, that have not come
}

// Join implements Client. The server's PONG says that it has dealt with the subscription.
func (c *natsClient) Join(rw io.ReadWriter, host string) (messages int, err error) {
	rest, err := upgrade(rw, host, "/")
	if err != nil {
		return 0, err
	}
	hello := `CONNECT {"verbose":false,"pedantic":false,"echo":false,"headers":false,"protocol":1,"lang":"bench","version":"1"}` + "\r\n"
	if c.subject != "" {
		hello += "SUB " + c.subject + " 1\r\n"
	}
	if _, err := rw.Write(appendFrame(nil, opBinary, []byte(hello+"PING\r\n"))); err != nil {
		return 0, err
	}
	if messages, err = hear(rw, c, rest); err != nil {
		return messages, err
	}
	more, err := await(rw, c, func() bool { return c.joined })
	return messages + more, err
}

// Feed implements Client. The server's lines and messages lie in WebSocket messages as they come:
// cut anywhere, or many in one.
func (c *natsClient) Feed(b []byte) (messages int, answer []byte, err error) {
	for {
		p, rest, ok, err := c.frames.next(b)
		if !ok || err != nil {
			return messages, answer, err
		}
		b = rest
		if p.opcode != opBinary && p.opcode != opContinuation {
			if answer, err = c.control.take(p, answer); err != nil {
				return messages, answer, err
			}
			continue
		}
		more, pings, err := c.feedLines(p.payload)
		messages += more
		for range pings {
			answer = appendFrame(answer, opBinary, []byte("PONG\r\n"))
		}
		if err != nil {
			return messages, answer, err
		}
	}
}

func (c *natsClient) feedLines(b []byte) (messages, pings int, err error) {
	for len(b) > 0 {
		if c.left > 0 {
			n := min(c.left, len(b))
			b = b[n:]
			if c.left -= n; c.left == 0 {
				messages++
			}
			continue
		}
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		b = rest
		if !whole || len(c.line) > 0 {
			c.line = append(c.line, line...)
			if len(c.line) > maxNATSLine {
				return messages, pings, fmt.Errorf("the server sent a line of more than %d bytes", maxNATSLine)
			}
			if !whole {
				return messages, pings, nil
			}
			line = c.line
			c.line = c.line[:0]
		}
		ping, err := c.hearLine(bytes.TrimSuffix(line, []byte("\r")))
		if err != nil {
			return messages, pings, err
		}
		if ping {
			pings++
		}
	}
	return messages, pings, nil
}

// hearLine takes a line, and says whether it is a ping. The messages of a load are not empty.
func (c *natsClient) hearLine(line []byte) (ping bool, err error) {
	switch verb, _, _ := bytes.Cut(line, []byte(" ")); string(verb) {
	case "MSG": // MSG subject sid [reply] size
		size, err := strconv.Atoi(string(line[bytes.LastIndexByte(line, ' ')+1:]))
		if err != nil {
			return false, fmt.Errorf("the server sent %q", line)
		}
		if size != c.size {
			return false, wrongSize(size, c.size)
		}
		c.left = size + len("\r\n")
	case "PING":
		return true, nil
	case "PONG":
		c.joined = true
	case "INFO", "+OK":
	default:
		return false, fmt.Errorf("the server sent %q", line)
	}
	return false, nil
}
