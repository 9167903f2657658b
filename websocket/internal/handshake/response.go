package handshake

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// CheckResponse checks the server's answer to an opening handshake against RFC 6455 section 4.1. key and offered are
// what the request sent: its Sec-WebSocket-Key and its subprotocols. It returns the subprotocol that the server chose, or "" for
// none. Of the extensions only those named may have been chosen; how, is for the caller to check. The body is neither read nor
// closed.
func CheckResponse(resp *http.Response, key string, offered []string, extensions ...string) (subprotocol string, err error) {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return "", fmt.Errorf("server answered %d %s, not 101 Switching Protocols", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	upgrade, err := onlyValue(resp.Header, "Upgrade")
	if err != nil {
		return "", err
	}
	if !equalFold(upgrade, protocolName) {
		return "", fmt.Errorf("server's Upgrade header is %s, not \"websocket\"", quote(upgrade))
	}
	if !hasToken(resp.Header.Values("Connection"), "upgrade") {
		return "", errors.New("server's Connection header does not contain \"upgrade\"")
	}
	accept, err := onlyValue(resp.Header, "Sec-WebSocket-Accept")
	if err != nil {
		return "", err
	}
	if accept != AcceptKey(key) {
		return "", fmt.Errorf("server's Sec-WebSocket-Accept %s does not answer the key that was sent; "+
			"something in between may have answered instead of the server", quote(accept))
	}
	return checkChoices(resp.Header, offered, extensions)
}

// checkChoices checks what the server chose of the subprotocols and extensions that were offered, and returns the subprotocol.
func checkChoices(h http.Header, offered, extensions []string) (subprotocol string, err error) {
	chosen, err := Extensions(h)
	if err != nil {
		return "", fmt.Errorf("server's %w", err)
	}
	for _, e := range chosen {
		if !slices.Contains(extensions, e.Name) {
			return "", fmt.Errorf("server chose the extension %s, which was not offered", quote(e.Name))
		}
	}
	if len(h.Values("Sec-WebSocket-Protocol")) == 0 {
		return "", nil
	}
	subprotocol, err = onlyValue(h, "Sec-WebSocket-Protocol")
	if err != nil {
		return "", err
	}
	if !slices.Contains(offered, subprotocol) {
		return "", fmt.Errorf("server chose the subprotocol %s, which was not offered", quote(subprotocol))
	}
	return subprotocol, nil
}

// onlyValue returns the value of a header that must be there exactly once, without the whitespace around it.
func onlyValue(h http.Header, name string) (string, error) {
	values := h.Values(name)
	if len(values) != 1 {
		return "", fmt.Errorf("server sent %d %s headers; there must be one", len(values), name)
	}
	return trim(values[0]), nil
}
