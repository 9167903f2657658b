//go:build linux

// Package dialect is what clients of the compared servers say and hear: as little of each protocol
// as a load needs. A client encodes nothing while it is measured, and of what it hears it looks at
// no more than it takes to count messages, to answer pings and to notice what should not be there.
package dialect

import (
	"errors"
	"fmt"
	"io"
)

// Dialect is what the clients of one kind of server speak. Messages are binary where the protocol
// knows binary, and text of the same length otherwise.
type Dialect interface {
	// Subscriber returns a client that subscribes to a channel, on which each message has size bytes.
	Subscriber(channel string, size int) Client
	// Publisher returns a client that only publishes to a channel.
	Publisher(channel string) Client
	// Message returns what a publisher sends to publish a message of size bytes.
	Message(channel string, size int) []byte
}

// Client is one client's side of a connection.
type Client interface {
	// Join does every handshake on a connection that blocks, as far as the server's confirmation
	// that the client is subscribed. It returns how many messages came behind that.
	Join(rw io.ReadWriter, host string) (messages int, err error)
	// Feed takes the next bytes that the server has sent, cut anywhere, and returns how many
	// messages they complete, and what is to be sent in answer to them: nil but for a ping.
	Feed(b []byte) (messages int, answer []byte, err error)
}

// Payload returns a message of size bytes, all of them letters.
func Payload(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte('a' + i%26)
	}
	return b
}

// await reads for c until done.
func await(rw io.ReadWriter, c Client, done func() bool) (messages int, err error) {
	buf := make([]byte, 4<<10)
	for !done() {
		n, err := rw.Read(buf)
		if err != nil {
			return messages, err
		}
		more, err := hear(rw, c, buf[:n])
		if messages += more; err != nil {
			return messages, err
		}
	}
	return messages, nil
}

// hear feeds c and sends its answer.
func hear(w io.Writer, c Client, b []byte) (messages int, err error) {
	messages, answer, err := c.Feed(b)
	if err != nil || answer == nil {
		return messages, err
	}
	_, err = w.Write(answer)
	return messages, err
}

// wrongSize is the error of a message that is not one of the load's. A client that subscribes to
// nothing wants none, and says so with a size that is not positive.
func wrongSize(got, want int) error {
	if want <= 0 {
		return errors.New("the server sent a message to a client that has subscribed to nothing")
	}
	return fmt.Errorf("the server sent a message of %d bytes; each should have %d", got, want)
}
