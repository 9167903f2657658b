package handshake

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// AppendRequest appends a client's opening handshake (RFC 6455 section 4.1) to dst and returns the longer slice: a GET for the
// path and query of u with all required headers, the subprotocols in their order, the extensions as they are, and then extra, sorted by
// name.
//
// The Host header is extra's Host, as it is, if it has one; else host, or the host of u if that is empty, without the scheme's
// default port and without an IPv6 zone. User information in u is not sent. It is an error, and dst is returned as it was, if u has a fragment or cannot be requested, if key is not
// one that [NewKey] makes, if a subprotocol is not a token or is named twice, or if extra has a header that
// the handshake itself writes (Upgrade, Connection, Sec-WebSocket-*), one that announces a body, or one that is not valid
// HTTP, such as a value with a line break.
func AppendRequest(dst []byte, u *url.URL, host, key string, subprotocols []string, extra http.Header, extensions ...string) ([]byte, error) {
	target, err := requestTarget(u)
	if err != nil {
		return dst, err
	}
	host, err = requestHost(u, host, extra)
	if err != nil {
		return dst, err
	}
	if !validKey(key) {
		return dst, fmt.Errorf("key %s is not 16 bytes in base64", quote(key))
	}
	names, err := checkHeaders(subprotocols, extra)
	if err != nil {
		return dst, err
	}

	dst = append(dst, "GET "+target+" HTTP/1.1\r\n"...)
	dst = appendField(dst, "Host", host)
	dst = appendField(dst, "Upgrade", protocolName)
	dst = appendField(dst, "Connection", "Upgrade")
	dst = appendField(dst, "Sec-WebSocket-Key", key)
	dst = appendField(dst, "Sec-WebSocket-Version", protocolVersion)
	if len(subprotocols) > 0 {
		dst = appendField(dst, "Sec-WebSocket-Protocol", strings.Join(subprotocols, ", "))
	}
	if len(extensions) > 0 {
		dst = appendField(dst, "Sec-WebSocket-Extensions", strings.Join(extensions, ", "))
	}
	for _, name := range names {
		if equalFold(name, "Host") {
			continue
		}
		for _, value := range extra[name] {
			dst = appendField(dst, name, value)
		}
	}
	return append(dst, "\r\n"...), nil
}

// checkHeaders checks the subprotocols and the headers that the caller chose, and returns the sorted names of these.
func checkHeaders(subprotocols []string, extra http.Header) (names []string, err error) {
	for i, name := range subprotocols {
		if err := checkSubprotocol(subprotocols[:i], name); err != nil {
			return nil, fmt.Errorf("subprotocol list %w", err)
		}
	}
	names = slices.Sorted(maps.Keys(extra))
	for _, name := range names {
		if err := checkExtra(name, extra[name]); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func appendField(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, trim(value)...)
	return append(dst, "\r\n"...)
}

// requestTarget returns the path and query of u as they stand in the request line.
func requestTarget(u *url.URL) (string, error) {
	if u.Fragment != "" {
		return "", fmt.Errorf("URL has the fragment %s; a WebSocket URL must have none (RFC 6455 section 3)", quote(u.Fragment))
	}
	raw := u.RequestURI()
	if u.Opaque != "" || !strings.HasPrefix(raw, "/") {
		return "", fmt.Errorf("URL %s has no host and path to request", quote(u.Redacted()))
	}
	const hex = "0123456789ABCDEF"
	target := make([]byte, 0, len(raw))
	for i := range len(raw) {
		switch c := raw[i]; {
		case c <= ' ' || c == 0x7F:
			return "", fmt.Errorf("URL has a space or control character in %s; write it percent-encoded", quote(raw))
		case c > 0x7F:
			target = append(target, '%', hex[c>>4], hex[c&15])
		default:
			target = append(target, c)
		}
	}
	return string(target), nil
}

// requestHost returns the value of the Host header.
func requestHost(u *url.URL, host string, extra http.Header) (string, error) {
	if host == "" {
		host = u.Host
	}
	host = withoutZone(withoutDefaultPort(u.Scheme, host))
	for name, values := range extra {
		if !equalFold(name, "Host") {
			continue
		}
		if len(values) != 1 {
			return "", fmt.Errorf("%d Host headers are given; one is allowed", len(values))
		}
		host = trim(values[0])
	}
	if host == "" {
		return "", errors.New("there is no host to name in the Host header")
	}
	for i := range len(host) {
		if c := host[i]; c <= ' ' || c >= 0x7F || strings.IndexByte(`/\?#@,<>"`, c) >= 0 {
			return "", fmt.Errorf("host %s has a character that a host cannot have; write international names in their xn-- form", quote(host))
		}
	}
	return host, nil
}

func withoutDefaultPort(scheme, host string) string {
	switch scheme {
	case "ws", "http":
		return strings.TrimSuffix(host, ":80")
	case "wss", "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// withoutZone removes the zone of an IPv6 address, which means something on this machine only (RFC 6874 section 3).
func withoutZone(host string) string {
	start, end := strings.IndexByte(host, '%'), strings.IndexByte(host, ']')
	if strings.HasPrefix(host, "[") && start > 0 && start < end {
		return host[:start] + host[end:]
	}
	return host
}

// checkExtra says what is wrong with sending a header that the caller chose.
func checkExtra(name string, values []string) error {
	if !isToken(name) {
		return fmt.Errorf("header name %s is not a token (RFC 9110 section 5.1)", quote(name))
	}
	lower := toLower(name)
	if lower == "upgrade" || lower == "connection" || strings.HasPrefix(lower, "sec-websocket-") {
		return fmt.Errorf("header %s is written by the handshake itself and cannot be set", quote(name))
	}
	if lower == "content-length" || lower == "transfer-encoding" || lower == "trailer" {
		return fmt.Errorf("header %s announces a body, and a WebSocket handshake has none", quote(name))
	}
	for _, value := range values {
		for i := range len(value) {
			if c := value[i]; c < ' ' && c != '\t' || c == 0x7F {
				return fmt.Errorf("header %s has a control character in its value %s", quote(name), quote(value))
			}
		}
	}
	return nil
}
