package handshake

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// IsConnect reports whether r is an extended CONNECT (RFC 8441 section 4), for whatever protocol. Servers tell the protocol in
// different places: net/http in a header for HTTP/2, quic-go in r.Proto for HTTP/3.
func IsConnect(r *http.Request) bool {
	return r.Method == http.MethodConnect && connectProtocol(r) != ""
}

// connectProtocol returns the :protocol of an extended CONNECT, or "" if r is not one. A client can't forge the header: a name with
// a colon is not valid in any version of HTTP.
func connectProtocol(r *http.Request) string {
	switch r.ProtoMajor {
	case 2:
		return r.Header.Get(":protocol")
	case 3:
		if !strings.HasPrefix(r.Proto, "HTTP/") {
			return r.Proto
		}
	}
	return ""
}

// CheckConnect checks an extended CONNECT against RFC 8441 section 5 and returns the refusal to send, or nil. It is what [CheckRequest] is
// for HTTP/1.1; there is no key.
func CheckConnect(r *http.Request) *Refusal {
	if p := connectProtocol(r); p != protocolName {
		return &Refusal{ // RFC 9220 section 3
			Status: http.StatusNotImplemented,
			Reason: fmt.Sprintf("the protocol %s is not spoken here; this URL speaks websocket only", quote(p)),
		}
	}
	if r.Host == "" {
		return badRequest("the request has no :authority")
	}
	if len(r.Header.Values("Content-Length")) > 0 {
		return badRequest("a WebSocket handshake must not have a Content-Length")
	}
	if versions := r.Header.Values("Sec-WebSocket-Version"); len(versions) != 1 || trim(versions[0]) != protocolVersion {
		refusal := badRequest(versionReason(versions))
		refusal.Header = http.Header{"Sec-Websocket-Version": {protocolVersion}}
		return refusal
	}
	if _, err := Subprotocols(r.Header); err != nil {
		return badRequest(err.Error())
	}
	if _, err := Extensions(r.Header); err != nil {
		return badRequest(err.Error())
	}
	return nil
}

// NewConnect returns the request of an extended CONNECT to u, a ws or wss URL, with what [AppendRequest] would send besides, and under
// the same conditions. It has no :protocol yet: every client names it in a place of its own.
func NewConnect(u *url.URL, subprotocols []string, extra http.Header, extensions ...string) (*http.Request, error) {
	target, err := requestTarget(u)
	if err != nil {
		return nil, err
	}
	host, err := requestHost(u, "", extra)
	if err != nil {
		return nil, err
	}
	names, err := checkHeaders(subprotocols, extra)
	if err != nil {
		return nil, err
	}
	to, err := url.Parse(map[string]string{"ws": "http", "wss": "https"}[u.Scheme] + "://" + u.Host + target)
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	for _, name := range names {
		if equalFold(name, "Host") {
			continue
		}
		for _, value := range extra[name] {
			h.Add(name, trim(value))
		}
	}
	h.Set("Sec-WebSocket-Version", protocolVersion)
	if len(subprotocols) > 0 {
		h.Set("Sec-WebSocket-Protocol", strings.Join(subprotocols, ", "))
	}
	if len(extensions) > 0 {
		h.Set("Sec-WebSocket-Extensions", strings.Join(extensions, ", "))
	}
	return &http.Request{Method: http.MethodConnect, URL: to, Host: host, Header: h}, nil
}

// CheckConnected checks the answer to an extended CONNECT, whose status is 2xx, as [CheckResponse] does for HTTP/1.1.
func CheckConnected(resp *http.Response, offered []string, extensions ...string) (subprotocol string, err error) {
	return checkChoices(resp.Header, offered, extensions)
}
