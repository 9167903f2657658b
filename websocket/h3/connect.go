package h3

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/quic-go/quic-go/http3"
)

// Connect implements websocket.Carrier.
func (d *Dialer) Connect(ctx context.Context, r *http.Request) (*http.Response, net.Conn, error) {
	if r.URL.Scheme != "https" {
		return nil, nil, errors.New("h3: HTTP/3 is always encrypted; use a wss:// URL")
	}
	port := r.URL.Port()
	if port == "" {
		port = "443"
	}
	s, err := d.conn(ctx, net.JoinHostPort(r.URL.Hostname(), port))
	if err != nil {
		return nil, nil, err
	}
	str, err := s.http.OpenRequestStream(ctx)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { abandon(str) })
	r = r.WithContext(ctx)
	r.Proto, r.ProtoMajor, r.ProtoMinor = "websocket", 3, 0
	err = str.SendRequestHeader(r)
	var resp *http.Response
	for err == nil {
		resp, err = str.ReadResponse()
		if err == nil && resp.StatusCode/100 != 1 { // an informational answer (RFC 9110 section 15.2) comes before another
			break
		}
	}
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		abandon(str)
		return nil, nil, err
	}
	if resp.StatusCode/100 != 2 {
		resp.Body = refusal{str}
		return resp, nil, nil
	}
	return resp, newConn(str, s.quic.LocalAddr(), s.quic.RemoteAddr()), nil
}

// refusal is the body of an answer that is not positive.
type refusal struct{ *http3.RequestStream }

func (r refusal) Close() error {
	abandon(r.RequestStream)
	return nil
}
