package h3

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/holdfast-dev/holdfast/websocket/internal/duplex"
)

// requestStream is what http3.RequestStream, of a client, and http3.Stream, of a server, have in common.
type requestStream interface {
	io.ReadWriteCloser
	CancelRead(quic.StreamErrorCode)
	CancelWrite(quic.StreamErrorCode)
	SetWriteDeadline(time.Time) error
}

var (
	_ requestStream = (*http3.Stream)(nil)
	_ requestStream = (*http3.RequestStream)(nil)
)

// stream is a request's stream as a duplex.Stream. It has no deadlines: one that passed within a DATA frame, while its header is read or its
// payload is written, would leave the stream out of step, and the peer would end the whole connection.
type stream struct {
	requestStream
	writing sync.Mutex // held by Write, which Close of a requestStream must not meet
}

func newConn(s requestStream, local, remote net.Addr) *duplex.Conn {
	return duplex.New(&stream{requestStream: s}, local, remote)
}

func (s *stream) Write(p []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	n, err := s.requestStream.Write(p)
	if err != nil {
		s.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled)) // a DATA frame must not end early (RFC 9114 section 7.1)
	}
	return n, err
}

// CloseWrite implements duplex.Stream.
func (s *stream) CloseWrite() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return s.requestStream.Close()
}

// Close implements duplex.Stream: it ends the stream in good order, or by a reset.
func (s *stream) Close(reset bool) error {
	if reset {
		abandon(s.requestStream)
		return nil
	}
	s.CancelRead(quic.StreamErrorCode(http3.ErrCodeNoError)) // nothing, if the end has been read
	s.SetWriteDeadline(time.Unix(1, 0))                      // for a Write that waits
	return s.CloseWrite()
}

// abandon gives both directions up (RFC 9220 section 3).
func abandon(s requestStream) {
	s.CancelRead(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
	s.CancelWrite(quic.StreamErrorCode(http3.ErrCodeRequestCanceled))
}
