package handshake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxListElements bounds the subprotocols, the extensions, and the parameters of all extensions of a handshake.
const maxListElements = 64

// Subprotocols returns the subprotocols that a client offers in Sec-WebSocket-Protocol, in its order of preference
// (RFC 6455 section 11.3.4); none if the header is absent. It is an error if the header is there without naming one, if a name is
// not a token, is named twice, or if there are more than 64.
func Subprotocols(h http.Header) ([]string, error) {
	lines := h.Values("Sec-WebSocket-Protocol")
	if len(lines) == 0 {
		return nil, nil
	}
	var names []string
	for _, line := range lines {
		for element := range strings.SplitSeq(line, ",") {
			name := trim(element)
			if name == "" { // lists may have empty elements (RFC 9110 section 5.6.1.2)
				continue
			}
			if err := checkSubprotocol(names, name); err != nil {
				return nil, fmt.Errorf("Sec-WebSocket-Protocol %w", err)
			}
			names = append(names, name)
		}
	}
	if names == nil {
		return nil, fmt.Errorf("Sec-WebSocket-Protocol is empty; leave it out if there is nothing to offer")
	}
	return names, nil
}

// checkSubprotocol says what is wrong with offering name after the names before it.
func checkSubprotocol(before []string, name string) error {
	switch {
	case !isToken(name):
		return fmt.Errorf("names %s, which is not a token (RFC 9110 section 5.6.2)", quote(name))
	case slices.Contains(before, name):
		return fmt.Errorf("names %s twice", quote(name))
	case len(before) == maxListElements:
		return fmt.Errorf("names more than %d subprotocols", maxListElements)
	}
	return nil
}

// SelectSubprotocol returns the first of the server's supported subprotocols, in the server's order of preference, that the
// client offered, or "" if they have none in common. Names are compared exactly.
func SelectSubprotocol(offered, supported []string) string {
	for _, name := range supported {
		if slices.Contains(offered, name) {
			return name
		}
	}
	return ""
}
