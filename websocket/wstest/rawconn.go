package wstest

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// caller is the way to a server: it dials.
type caller struct{ Target }

// connect dials and does the opening handshake.
func (c *caller) connect(x *exam, o opening) *peer {
	if c.Open != nil {
		return c.connectByOpen(x, o)
	}
	conn, request := c.dial(x)
	if conn == nil {
		return nil
	}
	if o.offer != "" {
		request.add("Sec-WebSocket-Extensions", o.offer)
	}
	conn.Write(request.bytes())
	r := bufio.NewReader(conn)
	response, err := http.ReadResponse(r, nil)
	const expected = "the answer 101 to an opening handshake"
	if err != nil {
		x.fail(expected, fmt.Sprintf("no HTTP response: %v", err))
		return nil
	}
	if fault := checkResponse(response, request.get("Sec-WebSocket-Key")); fault != "" {
		x.fail(expected, fault)
		return nil
	}
	return x.agree(conn, r, o, response.Header)
}

// connectByOpen has the target open the connection.
func (c *caller) connectByOpen(x *exam, o opening) *peer {
	header := c.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	if o.offer != "" {
		header.Set("Sec-WebSocket-Extensions", o.offer)
	}
	conn, answer, err := c.Open(x.ctx, header)
	if err != nil {
		x.fail("an open connection", err.Error())
		return nil
	}
	x.closeAtEnd(conn)
	return x.agree(conn, bufio.NewReader(conn), o, answer)
}

// agree makes the peer that has agreed with a server on what its answer says.
func (x *exam) agree(conn io.ReadWriteCloser, r *bufio.Reader, o opening, answer http.Header) *peer {
	chosen := answer.Values("Sec-WebSocket-Extensions")
	agreed, fault := readAgreement(o.offer, chosen)
	switch {
	case o.bad && len(chosen) > 0:
		x.fail("no extension, as the offer is none", fmt.Sprintf("the header Sec-WebSocket-Extensions %q", chosen))
	case o.bad:
		return newPeer(x, conn, r, nil)
	case fault != "":
		x.fail(fmt.Sprintf("an answer to the offer %q", o.offer), fault)
	case o.offer != "" && agreed == nil:
		x.skip(fmt.Sprintf("the server declines %q", o.offer))
	default:
		return newPeer(x, conn, r, agreed)
	}
	return nil
}

// dial makes the transport and the request that a right handshake begins with. It returns nil if
// the case is over.
func (c *caller) dial(x *exam) (net.Conn, *head) {
	if x.over() {
		return nil, nil
	}
	u, err := url.Parse(c.URL)
	if err == nil && u.Scheme != "ws" && u.Scheme != "wss" {
		err = fmt.Errorf("the URL %q must begin with ws:// or wss://", c.URL)
	}
	if err != nil {
		x.fail("the URL of a server", err.Error())
		return nil, nil
	}
	conn, err := dialURL(x.ctx, u, c.TLS)
	if err != nil {
		x.fail("a connection", err.Error())
		return nil, nil
	}
	x.closeAtEnd(conn)
	return conn, newRequest(u, c.Header)
}

func dialURL(ctx context.Context, u *url.URL, cfg *tls.Config) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	}
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || u.Scheme == "ws" {
		return nc, err
	}
	if cfg == nil {
		cfg = &tls.Config{}
	}
	cfg = cfg.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = u.Hostname()
	}
	cfg.NextProtos = []string{"http/1.1"}
	tc := tls.Client(nc, cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return &secured{tc, nc}, nil
}

// secured is TLS whose Close does not wait for the peer to take a last record.
type secured struct {
	*tls.Conn
	transport net.Conn
}

func (s *secured) Close() error { return s.transport.Close() }
