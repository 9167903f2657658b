package websocket

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/holdfast-dev/holdfast/websocket/internal/deflate"
	"github.com/holdfast-dev/holdfast/websocket/internal/handshake"
	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// DialOptions says how Dial connects. The zero value is a good start.
type DialOptions struct {
	Limits

	// Header is sent with the handshake: Authorization, Cookie, Origin and the like. Host
	// overrides the URL's. The headers of the handshake itself can't be set.
	Header http.Header

	// Subprotocols are offered to the server, the preferred one first.
	Subprotocols []string

	// Compression, if not nil, offers permessage-deflate to the server.
	Compression *Compression

	// TLS is for wss. Nil means the system's roots and the URL's host name.
	TLS *tls.Config

	// NetDial makes the transport; nil means a TCP connection.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	// Carrier, if not nil, connects over HTTP/2 or HTTP/3 instead of HTTP/1.1: an h2.Dialer or an
	// h3.Dialer. WebSockets to the same server then share a connection.
	Carrier Carrier

	// HandshakeTimeout bounds connecting, TLS and the handshake together. Default 10 s.
	HandshakeTimeout time.Duration
}

const (
	maxResponseHeaderBytes = 64 << 10 // of a server's answer
	maxReasonBytes         = 512      // of its body, when it refuses
)

// Dial connects to a ws:// or wss:// URL (RFC 6455 section 4.1; over a Carrier RFC 8441 or 9220). ctx bounds the dialling only.
// Redirects are not followed, as in browsers. The error is a *HandshakeError if the server
// answered, but not with a proper upgrade.
func Dial(ctx context.Context, rawURL string, o *DialOptions) (*Conn, error) {
	if o == nil {
		o = &DialOptions{}
	}
	u, err := parseURL(rawURL)
	if err != nil {
		return nil, err
	}
	timeout := o.HandshakeTimeout
	if timeout <= 0 {
		timeout = handshakeTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	if o.Carrier != nil {
		return dialStream(ctx, u, o)
	}
	nc, err := connect(ctx, u, o)
	if err != nil {
		return nil, fmt.Errorf("websocket: dial %s: %w", shown(u), err)
	}
	stop := context.AfterFunc(ctx, func() { nc.SetDeadline(time.Unix(1, 0)) })
	c, err := upgrade(nc, u, o)
	if !stop() || err != nil {
		nc.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("websocket: dial %s: handshake: %w", shown(u), context.Cause(ctx))
		}
		return nil, err
	}
	return c, nil
}

// parseURL checks a WebSocket URL (RFC 6455 section 3).
func parseURL(rawURL string) (*url.URL, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	switch {
	case u.Scheme != "ws" && u.Scheme != "wss":
		return nil, fmt.Errorf("websocket: URL %q must begin with wss:// or ws://", shown(u))
	case u.Hostname() == "":
		return nil, fmt.Errorf("websocket: URL %q has no host", shown(u))
	case u.Fragment != "" || strings.HasSuffix(rawURL, "#"):
		return nil, fmt.Errorf("websocket: URL %q must not have a #fragment", shown(u))
	case u.User != nil:
		return nil, fmt.Errorf("websocket: URL %q must not carry a user name; send it in an Authorization header", shown(u))
	}
	return u, nil
}

// shown returns u for an error: without what may be secret, a password or a token in the query.
func shown(u *url.URL) string {
	short := *u
	short.RawQuery = ""
	return short.Redacted()
}

// connect makes the transport: TCP, and TLS on it for wss.
func connect(ctx context.Context, u *url.URL, o *DialOptions) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	}
	dial := o.NetDial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	nc, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil || u.Scheme == "ws" {
		return nc, err
	}
	cfg := &tls.Config{}
	if o.TLS != nil {
		cfg = o.TLS.Clone()
	}
	if cfg.ServerName == "" {
		cfg.ServerName = u.Hostname()
	}
	cfg.NextProtos = []string{"http/1.1"} // the handshake is an HTTP/1.1 upgrade
	tc := tls.Client(direct(nc), cfg)
	if err := tc.HandshakeContext(ctx); err != nil {
		nc.Close()
		return nil, err
	}
	return tc, nil
}

// upgrade does the handshake on nc.
func upgrade(nc net.Conn, u *url.URL, o *DialOptions) (*Conn, error) {
	key := handshake.NewKey()
	var offer []string
	if o.Compression != nil {
		offer = append(offer, deflate.Offer(o.Compression.config()))
	}
	request, err := handshake.AppendRequest(nil, u, u.Host, key, o.Subprotocols, o.Header, offer...)
	if err != nil {
		return nil, fmt.Errorf("websocket: %w", err)
	}
	if _, err := nc.Write(request); err != nil {
		return nil, &HandshakeError{Reason: err.Error()}
	}
	br := bufio.NewReader(io.LimitReader(nc, maxResponseHeaderBytes))
	resp, err := readResponse(br)
	if err != nil {
		return nil, &HandshakeError{Reason: fmt.Sprintf("the server's answer can't be read as HTTP: %v", err)}
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, &HandshakeError{StatusCode: resp.StatusCode, Reason: refusalReason(resp), Header: resp.Header}
	}
	subprotocol, params, compressed, err := checkAnswer(resp, o, func(resp *http.Response, offered []string, extensions ...string) (string, error) {
		return handshake.CheckResponse(resp, key, offered, extensions...)
	})
	if err != nil {
		return nil, &HandshakeError{StatusCode: resp.StatusCode, Reason: err.Error(), Header: resp.Header}
	}
	early, err := earlyBytes(br)
	if err != nil {
		return nil, &HandshakeError{StatusCode: resp.StatusCode, Reason: err.Error(), Header: resp.Header}
	}
	c := newConn(nc, wire.Client, o.Limits, subprotocol, early)
	if compressed {
		c.agreeOnCompression(o.Compression, params)
	}
	return c, nil
}

// readResponse reads the server's final answer; informational ones before it mean nothing here
// (RFC 9110 section 15.2).
func readResponse(br *bufio.Reader) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(br, &http.Request{Method: http.MethodGet})
		if err != nil || resp.StatusCode >= http.StatusOK || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, err
		}
	}
}

// checkAnswer checks a positive answer against what was offered. check knows the version of HTTP.
func checkAnswer(resp *http.Response, o *DialOptions, check func(resp *http.Response, offered []string, extensions ...string) (string, error)) (subprotocol string, p deflate.Params, compressed bool, err error) {
	if o.Compression == nil {
		subprotocol, err = check(resp, o.Subprotocols)
		return subprotocol, p, false, err
	}
	subprotocol, err = check(resp, o.Subprotocols, deflate.Name)
	if err != nil {
		return "", p, false, err
	}
	chosen, err := handshake.Extensions(resp.Header)
	if err != nil {
		return "", p, false, err
	}
	p, compressed, err = deflate.CheckResponse(paramsOf(chosen), o.Compression.config())
	return subprotocol, p, compressed, err
}

// refusalReason returns what the server says about its refusal, on one line.
func refusalReason(resp *http.Response) string {
	if location := resp.Header.Get("Location"); location != "" {
		return fmt.Sprintf("redirects are not followed (to %q)", location)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		return "the server did not upgrade"
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxReasonBytes)) // what could be read is enough
	reason := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(body), "\uFFFD"))
	if reason = strings.TrimSpace(reason); reason == "" {
		return "the server did not upgrade"
	}
	return reason
}
