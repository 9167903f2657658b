package handshake

import (
	"errors"
	"net/netip"
	"strings"
)

// splitHostPort splits host[:port]; port is "" if there is none. The host is a name, an IPv4 address, or an IPv6 address in
// brackets, which it keeps. International names are taken as they come.
func splitHostPort(s string) (host, port string, err error) {
	end := strings.IndexByte(s, ':')
	if strings.HasPrefix(s, "[") {
		end = strings.IndexByte(s, ']') + 1
		host = s[:end]
		if !isBracketed(host) {
			return "", "", errors.New("its IPv6 address is not of the form [::1]")
		}
	} else {
		if end < 0 {
			end = len(s)
		}
		host = s[:end]
		if !isHostName(host) {
			return "", "", errors.New("its host is empty or has a character that a host cannot have; it must not have a path or a trailing slash")
		}
	}
	if end == len(s) {
		return host, "", nil
	}
	port = s[end:]
	if !isPort(port) {
		return "", "", errors.New("its port is not a number from 1 to 65535")
	}
	return host, port[1:], nil
}

// isScheme reports whether s is a letter followed by letters, digits, "+", "-" and "." (RFC 3986 section 3.1).
func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && strings.IndexByte("+-.", c) < 0 {
			return false
		}
	}
	return s != "" && 'a' <= lower(s[0]) && lower(s[0]) <= 'z'
}

// isHostName reports whether s is made of labels that are not empty, of letters, digits, hyphens, underscores and whatever is not ASCII.
func isHostName(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c == '.' && (i == 0 || s[i-1] == '.') {
			return false
		}
		if !isAlphanumeric(c) && c != '.' && c != '-' && c != '_' && c < 0x80 {
			return false
		}
	}
	return s != ""
}

// isBracketed reports whether s is an IPv6 address in brackets, without a zone.
func isBracketed(s string) bool {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return false
	}
	addr, err := netip.ParseAddr(s[1 : len(s)-1])
	return err == nil && addr.Is6() && addr.Zone() == ""
}

// isPort reports whether s is a colon and a port number without leading zeros.
func isPort(s string) bool {
	if s[0] != ':' || len(s) < 2 || len(s) > 6 || s[1] == '0' {
		return false
	}
	n := 0
	for i := 1; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n <= 65535
}
