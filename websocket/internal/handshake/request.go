package handshake

import (
	"fmt"
	"net/http"
)

const (
	protocolName    = "websocket"
	protocolVersion = "13"
)

// CheckRequest checks a client's opening handshake against RFC 6455 section 4.2.1 and returns its Sec-WebSocket-Key, which
// [AcceptKey] answers, or the refusal to send. It looks at everything in the request except who may come in: the origin is for
// [CheckOrigin], the subprotocol for [SelectSubprotocol].
func CheckRequest(r *http.Request) (key string, refusal *Refusal) {
	if r.ProtoMajor >= 2 {
		return "", badRequest(fmt.Sprintf("a WebSocket over HTTP/%d is opened with an extended CONNECT (RFC 8441), not %s; "+
			"this URL speaks WebSocket", r.ProtoMajor, quote(r.Method)))
	}
	if !r.ProtoAtLeast(1, 1) {
		return "", badRequest(fmt.Sprintf("WebSocket needs HTTP/1.1 and this request is HTTP/%d.%d; "+
			"if a proxy is in between, make it use HTTP/1.1 towards this server", r.ProtoMajor, r.ProtoMinor))
	}
	if r.Method != http.MethodGet {
		return "", &Refusal{
			Status: http.StatusMethodNotAllowed,
			Reason: fmt.Sprintf("a WebSocket is opened with GET, not %s", quote(r.Method)),
			Header: http.Header{"Allow": {http.MethodGet}},
		}
	}
	if refusal := checkUpgrade(r.Header); refusal != nil {
		return "", refusal
	}
	if r.Host == "" {
		return "", badRequest("the request has no Host header")
	}
	// Bytes of a body would be taken for frames. A chunked one has the length -1.
	if r.ContentLength != 0 {
		return "", badRequest("a WebSocket handshake must not have a body")
	}
	if versions := r.Header.Values("Sec-WebSocket-Version"); len(versions) != 1 || trim(versions[0]) != protocolVersion {
		return "", upgradeRequired(versionReason(versions))
	}
	keys := r.Header.Values("Sec-WebSocket-Key")
	if len(keys) != 1 {
		return "", badRequest(fmt.Sprintf("the request has %d Sec-WebSocket-Key headers; it must have one", len(keys)))
	}
	key = trim(keys[0])
	if !validKey(key) {
		return "", badRequest(fmt.Sprintf("Sec-WebSocket-Key %s is not 16 bytes in base64", quote(key)))
	}
	if _, err := Subprotocols(r.Header); err != nil {
		return "", badRequest(err.Error())
	}
	if _, err := Extensions(r.Header); err != nil {
		return "", badRequest(err.Error())
	}
	return key, nil
}

// checkUpgrade checks the two headers that ask for the change of protocol. Proxies that do not know WebSocket
// remove them, so the reasons say what to look for.
func checkUpgrade(h http.Header) *Refusal {
	const stripped = "if a proxy is in between, it must forward the Upgrade and Connection headers"
	upgrade := h.Values("Upgrade")
	switch {
	case len(upgrade) == 0 && len(h.Values("Sec-WebSocket-Key")) > 0:
		return upgradeRequired("the request has a Sec-WebSocket-Key but no Upgrade header; " + stripped)
	case len(upgrade) == 0:
		return upgradeRequired("this URL speaks WebSocket; open it with a WebSocket client, such as new WebSocket(url) in a browser")
	case !hasToken(upgrade, protocolName):
		return upgradeRequired(fmt.Sprintf("the Upgrade header is %s; this URL speaks websocket only", quote(upgrade[0])))
	case !hasToken(h.Values("Connection"), "upgrade"):
		return badRequest("the Connection header does not contain \"upgrade\"; " + stripped)
	}
	return nil
}

func versionReason(versions []string) string {
	switch len(versions) {
	case 0:
		return "the request has no Sec-WebSocket-Version header; this server speaks version 13"
	case 1:
		return fmt.Sprintf("Sec-WebSocket-Version %s is not spoken here; this server speaks version 13", quote(versions[0]))
	}
	return fmt.Sprintf("the request has %d Sec-WebSocket-Version headers; it must have one, saying 13", len(versions))
}
