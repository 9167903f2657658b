package h2

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"

	"github.com/holdfast-dev/holdfast/websocket/internal/duplex"
)

// Connect implements websocket.Carrier.
func (d *Dialer) Connect(ctx context.Context, r *http.Request) (*http.Response, net.Conn, error) {
	if r.URL.Scheme != "https" {
		return nil, nil, errors.New("h2: HTTP/2 is spoken over TLS only; use a wss:// URL, or connect over HTTP/1.1")
	}
	// The context of a request lives as long as the stream, so it can't be ctx.
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	var local, remote net.Addr = nowhere{}, nowhere{}
	life = httptrace.WithClientTrace(life, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		local, remote = i.Conn.LocalAddr(), i.Conn.RemoteAddr()
	}})
	body, send := io.Pipe()
	r = r.WithContext(life)
	r.Header = r.Header.Clone()
	r.Header.Set(":protocol", "websocket")
	r.Body = body
	resp, err := d.roundTrip(r)
	if !stop() && err == nil {
		resp.Body.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel()
		send.Close()
		if ctx.Err() != nil {
			return nil, nil, context.Cause(ctx)
		}
		return nil, nil, explain(err, r.URL.Host)
	}
	s := &stream{body: resp.Body, send: send, cancel: cancel}
	if resp.StatusCode/100 != 2 {
		resp.Body = refusal{s}
		return resp, nil, nil
	}
	return resp, duplex.New(s, local, remote), nil
}

// explain makes an error say what to do about it. The one that http2 has for servers without extended CONNECT has no name.
func explain(err error, host string) error {
	if strings.Contains(err.Error(), "extended connect not supported") {
		return fmt.Errorf("the server %s speaks HTTP/2 but does not offer WebSocket over it (RFC 8441); connect over HTTP/1.1, "+
			"or if the server is a Go program, import github.com/holdfast-dev/holdfast/websocket/enableh2 there", host)
	}
	return err
}

// stream is the stream of one request.
type stream struct {
	body   io.ReadCloser  // what comes
	send   *io.PipeWriter // what goes
	cancel context.CancelFunc
}

func (s *stream) Read(p []byte) (int, error)  { return s.body.Read(p) }
func (s *stream) Write(p []byte) (int, error) { return s.send.Write(p) }
func (s *stream) CloseWrite() error           { return s.send.Close() }

func (s *stream) Close(reset bool) error {
	if reset {
		s.cancel() // which makes http2 send RST_STREAM with CANCEL (RFC 8441 section 5)
	}
	s.send.Close()
	err := s.body.Close()
	s.cancel()
	return err
}

// refusal is the body of an answer that is not positive.
type refusal struct{ s *stream }

func (r refusal) Read(p []byte) (int, error) { return r.s.Read(p) }
func (r refusal) Close() error               { return r.s.Close(true) }

// nowhere is the address of a connection that is not known.
type nowhere struct{}

func (nowhere) Network() string { return "tcp" }
func (nowhere) String() string  { return "" }
