package hooks

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	maxReplyHeaderBytes = 16 << 10
	dialTimeout         = 5 * time.Second

	// keepIdle is for how long a connection without a request is kept. Node closes its own after five
	// seconds, and a request that is sent just then fails.
	keepIdle = 4 * time.Second
)

// transports are those of all hooks, one for each reach: connections are shared by host, and one that a hook
// with AllowPrivate has made must not serve another without.
type transports map[reach]*http.Transport

// of returns the transport for a hook at u.
func (ts transports) of(u *url.URL, allowPrivate bool) *http.Transport {
	r := publicOnly
	switch {
	case u.Scheme == "http":
		r = privateOnly
	case allowPrivate:
		r = anywhere
	}
	if ts[r] == nil {
		ts[r] = newTransport(r)
	}
	return ts[r]
}

func newTransport(r reach) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Control: control(r)}
	return &http.Transport{
		// No Proxy: the addresses would be those that a proxy connects to, which nobody checks.
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, &unsentError{err}
			}
			return conn, nil
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true, // so that what is read is what was bounded
		MaxResponseHeaderBytes: maxReplyHeaderBytes,
		MaxIdleConnsPerHost:    DefaultInFlight,
		IdleConnTimeout:        keepIdle,
	}
}

func (ts transports) close() {
	for _, t := range ts {
		t.CloseIdleConnections()
	}
}

// unsentError says that a request has not left, because there is no connection.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// withoutURL takes the URL out of an error, which may hold a password, and is known by the hook's name.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	return err
}
