package console

import (
	"net/http"
	"strings"
)

// setSecurityHeaders sets what every answer of this package bears, errors included. host is the
// request's Host, which is whatever the client sent.
func setSecurityHeaders(header http.Header, host string) {
	header.Set("Content-Security-Policy", policy(host))
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
}

// policy returns the Content Security Policy (CSP Level 3) of the pages: only scripts and styles
// of their own files, images also from memory, and connections to this server alone. It forbids
// inline code and turning strings into HTML (Trusted Types), so that a message from a stranger
// stays text even if a page were to mishandle it.
func policy(host string) string {
	connect := "'self'"
	if isSourceHost(host) {
		// 'self' covers WebSockets of the same host in today's browsers; Safari before 15.4
		// needs them named.
		connect += " ws://" + host + " wss://" + host
	}
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		"img-src 'self' blob: data:",
		"connect-src " + connect,
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types 'none'",
	}, "; ")
}

// isSourceHost says whether a Host header can stand in a policy: a host name or IPv4 address
// with an optional port, by the host-source grammar of CSP, which has no IPv6 addresses.
// Anything else, such as a semicolon that would begin a directive, is left out.
func isSourceHost(host string) bool {
	name, port, hasPort := strings.Cut(host, ":")
	if hasPort && (port == "" || strings.Trim(port, "0123456789") != "") {
		return false
	}
	for _, c := range []byte(name) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !('0' <= c && c <= '9') && c != '-' && c != '.' {
			return false
		}
	}
	return name != "" && len(host) <= 255
}
