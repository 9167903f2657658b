package h3

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// stream is what http3.RequestStream, of a client, and http3.Stream, of a server, have in common.
type stream interface {
	io.ReadWriteCloser
	CancelRead(quic.StreamErrorCode)
	CancelWrite(quic.StreamErrorCode)
	SetDeadline(time.Time) error
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// conn is a stream as a net.Conn.
type conn struct {
	stream
	local, remote net.Addr

	ended   atomic.Bool // nothing more is to be written, or nothing more comes
	writing sync.Mutex  // held by Write, which Close of a stream must not meet
}

func newConn(s stream, qc *quic.Conn) *conn {
	return &conn{stream: s, local: qc.LocalAddr(), remote: qc.RemoteAddr()}
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.stream.Read(p)
	if err == io.EOF {
		c.ended.Store(true)
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.stream.Write(p)
}

// CloseWrite tells the peer that nothing more is written.
func (c *conn) CloseWrite() error {
	c.ended.Store(true)
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.stream.Close()
}

// Close ends the stream: in good order if one side has said that it is done, and by a reset otherwise.
func (c *conn) Close() error {
	if !c.ended.Load() {
		c.reset()
		return nil
	}
	c.stream.CancelRead(quic.StreamErrorCode(http3.ErrCodeNoError)) // nothing, if the end has been read
	c.stream.SetWriteDeadline(time.Unix(1, 0))                      // for a Write that would wait
	c.writing.Lock()
	defer c.writing.Unlock()
	return c.stream.Close()
}
