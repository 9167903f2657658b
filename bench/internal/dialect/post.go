//go:build linux

package dialect

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Post is publishing with acknowledgement over HTTP/1.1: a message is the body of a POST to a
// channel's URL, and what a client counts as a message is the answer that acknowledges one. Requests
// may be sent before earlier ones are answered; answers come in their order.
type Post struct {
	Prefix string // of every channel's path
	Batch  int    // messages in a request; up to 1, each is a request of its own
}

// Subscriber implements Dialect: it is what hears the answers.
func (Post) Subscriber(string, int) Client { return &postClient{} }

// Publisher implements Dialect.
func (Post) Publisher(string) Client { return &postClient{} }

// Message implements Dialect.
func (d Post) Message(channel string, size int) []byte {
	if d.Batch > 1 {
		body := bytes.Repeat(fmt.Appendf(nil, "{\"data\":\"%s\"}\n", Payload(size)), d.Batch)
		return fmt.Appendf(nil, "POST %s%s?batch=true HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\nContent-Length: %d\r\n\r\n%s",
			d.Prefix, channel, len(body), body)
	}
	return fmt.Appendf(nil, "POST %s%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n%s",
		d.Prefix, channel, size, Payload(size))
}

type postClient struct {
	head []byte // of the current answer, as far as it has come
	left int    // bytes of its body that have not come
}

// Join implements Client: there is nothing to agree on.
func (c *postClient) Join(io.ReadWriter, string) (messages int, err error) { return 0, nil }

// maxAnswerHead bounds the status line and the header of an answer.
const maxAnswerHead = 4 << 10

// Feed implements Client.
func (c *postClient) Feed(b []byte) (messages int, answer []byte, err error) {
	for len(b) > 0 {
		if c.left == 0 {
			var whole bool
			if b, whole, err = c.takeHead(b); err != nil || !whole {
				return messages, nil, err
			}
		}
		n := min(c.left, len(b))
		b = b[n:]
		if c.left -= n; c.left == 0 {
			messages++
		}
	}
	return messages, nil, nil
}

// takeHead takes the head of an answer, or as much of it as there is, and returns what is left of b.
// An answer without a body would not say what was acknowledged.
func (c *postClient) takeHead(b []byte) (rest []byte, whole bool, err error) {
	had := len(c.head)
	c.head = append(c.head, b[:min(len(b), maxAnswerHead-had)]...)
	end := bytes.Index(c.head, []byte("\r\n\r\n"))
	if end < 0 {
		if len(c.head) == maxAnswerHead {
			return nil, false, errors.New("the head of an answer has no end")
		}
		return nil, false, nil
	}
	head := c.head[:end]
	c.head = c.head[:0]
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 2")) {
		return nil, false, fmt.Errorf("the server answered %q", head)
	}
	_, length, _ := bytes.Cut(head, []byte("\r\nContent-Length: "))
	length, _, _ = bytes.Cut(length, []byte("\r\n"))
	if c.left, err = strconv.Atoi(string(length)); err != nil || c.left <= 0 {
		return nil, false, fmt.Errorf("the server answered without a body: %q", head)
	}
	return b[end+len("\r\n\r\n")-had:], true, nil
}
