package wire

import "strconv"

// Close codes that this package itself decides on (RFC 6455 section 7.4.1).
const (
	codeProtocolError   = 1002
	codeNoStatus        = 1005
	codeInvalidPayload  = 1007
	codePolicyViolation = 1008
	codeMessageTooLarge = 1009
)

// Error is a violation by the peer. It ends the connection: send a close frame with Code and Reason, then close
// (RFC 6455 section 7.1.7).
type Error struct {
	Code   uint16 // the close code to answer with: 1002, 1007, 1008 or 1009
	Reason string // a sentence that names the broken rule; at most 123 bytes of UTF-8, so that it fits a close frame
}

// Error returns the close code and the reason.
func (e *Error) Error() string {
	return "close " + strconv.Itoa(int(e.Code)) + ": " + e.Reason
}

func violation(reason string) *Error {
	return &Error{Code: codeProtocolError, Reason: reason}
}
