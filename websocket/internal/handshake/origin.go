package handshake

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// CheckOrigin decides whether the page that opens the connection may do so. Browsers let any page open a WebSocket to any
// server and send the server's cookies along; the Origin header, which a page cannot forge, is what tells a foreign page from one's own
// (RFC 6455 section 10.2).
//
//   - A request without Origin does not come from a browser's page and is allowed.
//   - The same origin is always allowed: the origin's host and port are those of the request's Host header. On a TLS
//     connection its scheme must be https; on a plain one it may be http or https, because a proxy in front may
//     have ended TLS.
//   - Any other origin must match one of the allowed patterns: see [ValidateOriginPattern]. A pattern that is not valid
//     matches nothing.
//   - Two Origin headers are always refused.
//
// The result is nil if the page may come in, and otherwise a refusal with status 403.
func CheckOrigin(r *http.Request, allowed []string) *Refusal {
	values := r.Header.Values("Origin")
	switch len(values) {
	case 0:
		return nil
	case 1:
	default:
		return forbidden(fmt.Sprintf("the request has %d Origin headers; it may have one", len(values)))
	}
	value := trim(values[0])
	o, err := parseOrigin(value)
	if err == nil && o.isSameAs(r) {
		return nil
	}
	for _, text := range allowed {
		if text == "*" || text == "null" && value == "null" {
			return nil
		}
		if err != nil {
			continue
		}
		if p, perr := parsePattern(text); perr == nil && p.matches(o) {
			return nil
		}
	}
	return forbidden("origin " + quote(value) + " is not allowed (allowed: " + describe(allowed) + ")")
}

// ValidateOriginPattern says what is wrong with a pattern, or returns nil. The patterns are
//
//   - every origin: any page on the web
//     null                   pages without an origin, such as local files and sandboxed frames
//     https://app.example    that scheme, host and port; the port may be left out if it is the scheme's default
//     https://*.app.example  any subdomain of app.example, however deep, but not app.example itself
//     http://localhost:*     any port
func ValidateOriginPattern(p string) error {
	if p == "*" || p == "null" {
		return nil
	}
	_, err := parsePattern(p)
	if err != nil {
		return fmt.Errorf("origin pattern %s: %w", quote(p), err)
	}
	return nil
}

func forbidden(reason string) *Refusal {
	return &Refusal{Status: http.StatusForbidden, Reason: reason}
}

// maxDescribedBytes bounds the list of patterns in a refusal.
const maxDescribedBytes = 300

func describe(allowed []string) string {
	text := "the same origin"
	for i, p := range allowed {
		if len(text)+len(p) > maxDescribedBytes {
			return fmt.Sprintf("%s and %d more", text, len(allowed)-i)
		}
		text += ", " + p
	}
	return text
}

// origin is a scheme, host and port in lower case (RFC 6454 section 4). A default port is written out.
type origin struct {
	scheme, host, port string
}

// pattern is an origin in which any port, or any subdomain of the host, may stand.
type pattern struct {
	origin
	anyPort, subdomains bool
}

func (p pattern) matches(o origin) bool {
	if o.scheme != p.scheme || o.port != p.port && !p.anyPort {
		return false
	}
	if p.subdomains {
		return strings.HasSuffix(o.host, "."+p.host)
	}
	return o.host == p.host
}

// isSameAs reports whether o is the origin of the server that r was sent to. A Host without a port means the default port of the
// scheme that the browser used, which is o's if the origins are the same.
func (o origin) isSameAs(r *http.Request) bool {
	if o.scheme != "https" && (o.scheme != "http" || r.TLS != nil) {
		return false
	}
	host, port, err := splitHostPort(r.Host)
	if err != nil {
		return false
	}
	if port == "" {
		port = defaultPort(o.scheme)
	}
	return toLower(host) == o.host && port == o.port
}

func parseOrigin(s string) (origin, error) {
	scheme, authority, found := strings.Cut(s, "://")
	if !found || !isScheme(scheme) {
		return origin{}, errors.New("it must have the form scheme://host or scheme://host:port")
	}
	host, port, err := splitHostPort(authority)
	if err != nil {
		return origin{}, err
	}
	o := origin{scheme: toLower(scheme), host: toLower(host), port: port}
	if o.port == "" {
		o.port = defaultPort(o.scheme)
	}
	return o, nil
}

func parsePattern(s string) (p pattern, err error) {
	s, p.anyPort = strings.CutSuffix(s, ":*")
	if scheme, rest, found := strings.Cut(s, "://*."); found {
		p.subdomains = true
		s = scheme + "://" + rest
	}
	if strings.Contains(s, "*") {
		return p, errors.New(`"*" may only stand for subdomains, as in https://*.app.example, for the port, as in http://localhost:*, or alone`)
	}
	p.origin, err = parseOrigin(s)
	if err != nil {
		return p, err
	}
	if p.anyPort {
		_, authority, _ := strings.Cut(s, "://")
		if _, port, _ := splitHostPort(authority); port != "" {
			return p, errors.New(`it has a port in front of ":*"`)
		}
	}
	if p.subdomains && strings.HasPrefix(p.host, "[") {
		return p, errors.New("an IP address has no subdomains")
	}
	return p, nil
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}
