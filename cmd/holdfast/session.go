package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// pingTimeout bounds the wait for the answer to a ping.
const pingTimeout = 10 * time.Second

// face is how a session shows itself: a screen or a pipe.
type face interface {
	// lines returns the channel of what is typed or piped in, as readLines does.
	lines(stop <-chan struct{}) <-chan line
	// received shows a message; it may be called while a line is being typed.
	received(typ websocket.MessageType, payload []byte) error
	// status tells something about the connection. Safe for concurrent use.
	status(text string)
}

// session is one conversation with a server.
type session struct {
	conn        *websocket.Conn
	target      *url.URL
	face        face
	interactive bool // lines that begin with "/" are commands, and mistakes may be made again

	asked websocket.CloseCode // what the user closed with; 0 while nobody did
	pings sync.WaitGroup

	ended chan struct{} // closed when end is set
	end   error         // a *websocket.CloseError, or why stdout can't be written
}

// run sends what is typed and shows what comes until the connection is over. It returns nil if the
// user closed it, or the server did so in peace.
func (s *session) run(ctx context.Context) error {
	go s.receive()
	err := s.talk(ctx)
	if err != nil { // a line that can't be sent; the lines before it are, and may be answered
		s.catchUp(ctx)
		s.close(websocket.CloseNormal, "")
	}
	<-s.ended
	s.pings.Wait()
	if err != nil {
		return err
	}
	return s.verdict()
}

// receive shows messages until the connection is over. Serve never lets go of the reading, so what
// arrives during the closing handshake is shown as well.
func (s *session) receive() {
	defer close(s.ended)
	var failed error
	end := s.conn.Serve(func(typ websocket.MessageType, payload []byte) {
		if failed != nil {
			return
		}
		if failed = s.face.received(typ, payload); failed != nil {
			s.conn.CloseNow()
		}
	})
	if failed != nil {
		end = fail(exitFailed, "cannot write to stdout: %w", failed)
	}
	s.end = end
}

// talk handles lines until the input, the connection or ctx ends, or the user closes. The error is
// about the input; how the connection ended is in s.end.
func (s *session) talk(ctx context.Context) error {
	lines := s.face.lines(s.ended)
	for number := 1; s.asked == 0; number++ {
		select {
		case l := <-lines:
			if errors.Is(l.err, io.EOF) {
				s.catchUp(ctx)
				return s.close(websocket.CloseNormal, "")
			}
			if l.err != nil {
				return fail(exitFailed, "cannot read stdin: %w", l.err)
			}
			err := s.handle(ctx, l.text)
			switch {
			case err == nil:
			case websocket.CloseCodeOf(err) != 0:
				return nil // s.end tells more
			case ctx.Err() != nil:
				return s.close(websocket.CloseNormal, "")
			case s.interactive:
				s.face.status(strings.TrimPrefix(err.Error(), "websocket: "))
			case errors.Is(err, websocket.ErrNotUTF8):
				return fail(exitFailed, "line %d of stdin is not valid UTF-8, as text must be", number)
			default:
				return fail(exitFailed, "cannot send line %d of stdin: %w", number, err)
			}
		case <-ctx.Done():
			return s.close(websocket.CloseNormal, "")
		case <-s.ended:
			return nil
		}
	}
	return nil
}

// handle does what one line asks for.
func (s *session) handle(ctx context.Context, text []byte) error {
	if !s.interactive {
		return s.conn.Write(ctx, websocket.Text, text)
	}
	c, err := parseCommand(string(text))
	if err != nil {
		return err
	}
	switch c.verb {
	case sayText:
		return s.conn.Write(ctx, websocket.Text, c.payload)
	case sayBinary:
		return s.conn.Write(ctx, websocket.Binary, c.payload)
	case sayPing:
		s.pings.Go(func() { s.ping(ctx) })
	case sayClose:
		return s.close(c.code, c.reason)
	case sayHelp:
		s.face.status(commandHelp)
	}
	return nil
}

// catchUp waits until the server has read everything that was sent, which it tells by answering a
// ping: a close frame that comes sooner can make it throw its answers away.
func (s *session) catchUp(ctx context.Context) {
	if s.interactive {
		return // nobody types that fast
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	_, _ = s.conn.Ping(ctx) // a server that does not answer is closed all the same
}

// ping measures the round trip.
func (s *session) ping(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	rtt, err := s.conn.Ping(ctx)
	switch {
	case err == nil:
		s.face.status("pong after " + rtt.Round(time.Microsecond).String())
	case errors.Is(err, context.DeadlineExceeded):
		s.face.status(fmt.Sprintf("no pong within %s", pingTimeout))
	}
}

// close closes the connection and waits, within Limits.CloseTimeout, for the server to agree.
func (s *session) close(code websocket.CloseCode, reason string) error {
	err := s.conn.Close(context.Background(), code, reason)
	if errors.Is(err, websocket.ErrCloseCode) {
		return err
	}
	s.asked = code
	return nil // s.end has the rest
}

// verdict judges how the connection ended.
func (s *session) verdict() error {
	end, ok := errors.AsType[*websocket.CloseError](s.end)
	if !ok {
		return s.end
	}
	if s.asked != 0 && end.By == websocket.Local && end.Code == s.asked {
		if !end.Clean {
			return fail(exitEnded, "the server did not answer the close frame")
		}
		s.face.status(describeEnd(end))
		return nil
	}
	if err := explainEnd(s.target, end); err != nil {
		return err
	}
	s.face.status(describeEnd(end))
	return nil
}
