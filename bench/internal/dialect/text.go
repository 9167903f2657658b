//go:build linux

package dialect

import (
	"bytes"
	"fmt"
	"io"
)

// textClient is a client of a protocol whose messages are text, several in a frame. It counts those that have a mark.
type textClient struct {
	path    string
	says    []string // one after the other, each when the one before has been answered
	answers []string // what the answers have in them
	mark    string   // what each message has that is counted
	size    int      // bytes of the payload, behind the mark; 0 if nobody looks, -1 if none is to come
	fault   string   // what no message must have

	frames  frames
	control control
	frame   []byte // what has come of the current one
	heard   int    // answers
}

// Join implements Client.
func (c *textClient) Join(rw io.ReadWriter, host string) (messages int, err error) {
	rest, err := upgrade(rw, host, c.path)
	if err != nil {
		return 0, err
	}
	if messages, err = hear(rw, c, rest); err != nil {
		return messages, err
	}
	for i, says := range c.says {
		if _, err := rw.Write(appendFrame(nil, opText, []byte(says))); err != nil {
			return messages, err
		}
		more, err := await(rw, c, func() bool { return c.heard > i })
		if messages += more; err != nil {
			return messages, err
		}
	}
	return messages, nil
}

// Feed implements Client.
func (c *textClient) Feed(b []byte) (messages int, answer []byte, err error) {
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
		frame := p.payload
		if !p.first || !p.last {
			c.frame = append(c.frame, p.payload...)
			frame = c.frame
		}
		if !p.last {
			continue
		}
		c.frame = c.frame[:0]
		more, err := c.take(frame)
		if messages += more; err != nil {
			return messages, answer, err
		}
	}
}

// take counts the messages of a frame.
func (c *textClient) take(frame []byte) (messages int, err error) {
	if c.heard < len(c.answers) {
		if bytes.Contains(frame, []byte(c.answers[c.heard])) {
			c.heard++
		}
		return 0, nil
	}
	if bytes.Contains(frame, []byte(c.fault)) {
		return 0, fmt.Errorf("the server sent %.200q", frame)
	}
	for rest := frame; ; messages++ {
		_, behind, found := bytes.Cut(rest, []byte(c.mark))
		if !found {
			return messages, nil
		}
		rest = behind
		if c.size == 0 {
			continue
		}
		if end := bytes.IndexByte(rest, '"'); end != c.size {
			return messages, wrongSize(end, c.size)
		}
	}
}
