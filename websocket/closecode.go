package websocket

import "fmt"

// CloseCode is the number that says why a connection ended (RFC 6455 section 7.4).
// 3000 to 3999 are registered by libraries, 4000 to 4999 are the application's own.
type CloseCode uint16

// The codes of RFC 6455 section 7.4.1 and of the IANA registry that grew from it.
const (
	CloseNormal          CloseCode = 1000 // the purpose of the connection is fulfilled
	CloseGoingAway       CloseCode = 1001 // the server shuts down, or the page is left
	CloseProtocolError   CloseCode = 1002 // the peer broke the protocol
	CloseUnsupportedData CloseCode = 1003 // a kind of message that can't be accepted
	CloseNoStatus        CloseCode = 1005 // the close frame had no code; never sent
	CloseAbnormal        CloseCode = 1006 // no close frame came; never sent
	CloseInvalidPayload  CloseCode = 1007 // text that is not UTF-8
	ClosePolicyViolation CloseCode = 1008 // a rule of the server was broken
	CloseMessageTooBig   CloseCode = 1009 // a message over the limit
	CloseMissingExt      CloseCode = 1010 // the client needs an extension that the server did not agree to
	CloseInternalError   CloseCode = 1011 // the server failed
	CloseServiceRestart  CloseCode = 1012 // the server restarts
	CloseTryAgainLater   CloseCode = 1013 // the server can't keep up with this client now
	CloseBadGateway      CloseCode = 1014 // a gateway got a bad answer
	CloseTLSHandshake    CloseCode = 1015 // TLS failed; never sent
)

var closeCodeNames = map[CloseCode]string{
	CloseNormal:          "normal closure",
	CloseGoingAway:       "going away",
	CloseProtocolError:   "protocol error",
	CloseUnsupportedData: "unsupported data",
	CloseNoStatus:        "no status received",
	CloseAbnormal:        "abnormal closure",
	CloseInvalidPayload:  "invalid payload data",
	ClosePolicyViolation: "policy violation",
	CloseMessageTooBig:   "message too big",
	CloseMissingExt:      "missing extension",
	CloseInternalError:   "internal error",
	CloseServiceRestart:  "service restart",
	CloseTryAgainLater:   "try again later",
	CloseBadGateway:      "bad gateway",
	CloseTLSHandshake:    "TLS handshake",
}

// String returns the number and, for a registered code, its name: "1001 (going away)".
func (c CloseCode) String() string {
	if name, ok := closeCodeNames[c]; ok {
		return fmt.Sprintf("%d (%s)", uint16(c), name)
	}
	return fmt.Sprintf("%d", uint16(c))
}
