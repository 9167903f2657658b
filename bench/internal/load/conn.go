//go:build linux

package load

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// conn is one connection of a load.
type conn struct {
	socket  *socket
	tls     *tls.Conn // nil for ws
	counter counter

	out     run
	at      int  // where in the current frame of out the next write begins
	owed    int  // bytes to be written
	waiting bool // for room to write them

	sent   []time.Duration // when each message in flight was sent; a ring, as answers come in order
	oldest int             // index in sent

	received int // messages
}

// dial connects and does the WebSocket handshake; the connection blocks afterwards.
func dial(addr netip.AddrPort, secure bool) (*conn, error) {
	s, err := connect(addr)
	if err != nil {
		return nil, err
	}
	c := &conn{socket: s}
	if secure {
		c.tls = tls.Client(s, &tls.Config{InsecureSkipVerify: true}) // the server is our own child, its certificate made up
	}
	if err := c.handshake(addr); err != nil {
		s.Close()
		return nil, fmt.Errorf("handshake with %s: %w", addr, err)
	}
	return c, nil
}

func (c *conn) handshake(addr netip.AddrPort) error {
	request := "GET / HTTP/1.1\r\nHost: " + addr.String() + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := c.writer().Write([]byte(request)); err != nil {
		return err
	}
	var answer []byte
	chunk := make([]byte, 1024)
	for !bytes.Contains(answer, []byte("\r\n\r\n")) {
		n, err := c.reader().Read(chunk)
		if err != nil {
			return err
		}
		if answer = append(answer, chunk[:n]...); len(answer) > 16<<10 {
			return errors.New("the answer has no end")
		}
	}
	if status, _, _ := bytes.Cut(answer, []byte("\r\n")); !bytes.HasPrefix(status, []byte("HTTP/1.1 101 ")) {
		return fmt.Errorf("the server answered %q", status)
	}
	if !bytes.HasSuffix(answer, []byte("\r\n\r\n")) {
		return errors.New("the server sent a frame before it got one")
	}
	return nil
}

func (c *conn) reader() io.Reader {
	if c.tls != nil {
		return c.tls
	}
	return c.socket
}

func (c *conn) writer() io.Writer {
	if c.tls != nil {
		return c.tls
	}
	return c.socket
}

// prepare gives the connection its messages: size bytes each, at most depth in one write.
func (c *conn) prepare(out run, size, depth int) {
	c.out, c.counter = out, newCounter(size)
	c.sent = make([]time.Duration, depth)
}

// receive reads what has arrived, using buf, and returns how many frames that completes. awaited is
// how many are in flight: when so many have come there is no need to ask for more.
func (c *conn) receive(buf []byte, awaited int) (frames int, err error) {
	for {
		n, err := c.reader().Read(buf)
		switch {
		case err == errWouldBlock:
			return frames, nil
		case err == io.EOF:
			return frames, errors.New("the server closed a connection")
		case err != nil:
			return frames, err
		}
		more, err := c.counter.feed(buf[:n])
		frames += more
		if err != nil {
			return frames, err
		}
		// On a plain socket epoll tells of what is left. TLS may have it already, in its own buffer.
		if c.tls == nil || frames >= awaited {
			return frames, nil
		}
	}
}

// send sends the next frames, or as much of them as there is room for: then waiting is set, and
// flush is to be called when there is room again.
func (c *conn) send(frames int) error {
	c.owed += frames * c.out.frame
	return c.flush()
}

func (c *conn) flush() error {
	for c.owed > 0 {
		piece := c.out.bytes[c.at:min(c.at+c.owed, len(c.out.bytes))]
		n, err := c.write(piece)
		if err != nil {
			return err
		}
		c.owed -= n
		c.at = (c.at + n) % c.out.frame
		if n < len(piece) {
			c.waiting = true
			return nil
		}
	}
	c.waiting = false
	return nil
}

func (c *conn) write(piece []byte) (int, error) {
	if c.tls != nil {
		return c.tls.Write(piece) // a record can't be written by halves
	}
	return c.socket.tryWrite(piece)
}
