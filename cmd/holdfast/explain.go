package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"github.com/holdfast-dev/holdfast/websocket"
)

// explainDial says why there is no connection to u, and what to do about it. Exit code exitConnect.
func explainDial(ctx context.Context, u *url.URL, err error) error {
	host := hostPort(u)
	if ctx.Err() != nil {
		return fail(exitConnect, "interrupted before the connection to %s was open", u)
	}
	if refused, ok := errors.AsType[*websocket.HandshakeError](err); ok {
		return fail(exitConnect, "%s", explainRefusal(u, refused))
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return fail(exitConnect, "cannot find the host %s: no such name; check the URL", u.Hostname())
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return fail(exitConnect, "the server at %s does not speak TLS; try ws:// instead of wss://", host)
	}
	if errors.Is(err, http.ErrSchemeMismatch) {
		return fail(exitConnect, "the server at %s does not speak TLS; try http:// instead of https://", host)
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return fail(exitConnect, "%s", explainCertificate(u, err))
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail(exitConnect, "cannot reach %s: nothing listens there (connection refused); start the server (on this machine: holdfast dev), or check the host and the port", host)
	case isTimeout(err):
		return fail(exitConnect, "cannot reach %s: no answer in time; check the host, the port and what is in between", host)
	}
	return fail(exitConnect, "cannot connect to %s: %w", u, err)
}

// explainRefusal says what an answer that is not an upgrade means.
func explainRefusal(u *url.URL, e *websocket.HandshakeError) string {
	said := strings.TrimSpace(e.Reason)
	switch {
	case e.StatusCode == 0:
		return u.String() + " is no WebSocket server: " + said
	case u.Scheme == "ws" && e.StatusCode == http.StatusBadRequest && len(e.Header) == 0:
		// How Go's servers, for one, answer plain HTTP on a TLS port.
		return "the server at " + hostPort(u) + " speaks TLS; use wss:// instead of ws://"
	case e.StatusCode/100 == 3 && e.Header.Get("Location") != "":
		return u.String() + " is elsewhere: the server redirects to " + e.Header.Get("Location")
	}
	sentence := "the server refused the connection to " + u.String() + " with " + statusText(e.StatusCode)
	if said != "" {
		sentence += ": " + said
	}
	return sentence
}

// explainCertificate says why the server's certificate is not accepted.
func explainCertificate(u *url.URL, err error) string {
	host := hostPort(u)
	if name, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the certificate of " + host + " is not for this host: " + name.Error() + "; use the name in the certificate, or --insecure to go without the check"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the certificate of " + host + " is not trusted: its authority is unknown here; trust it with --ca FILE" +
			" (for a holdfast on this machine --ca-dir DIR, or `holdfast cert trust`), or go without the check with --insecure"
	}
	return "the certificate of " + host + " is not accepted: " + err.Error() + "; --insecure goes without the check"
}

func statusText(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
