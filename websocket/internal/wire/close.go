package wire

import (
	"encoding/binary"
	"strconv"
	"unicode/utf8"
)

// maxCloseReason is what remains of a control payload after the two bytes of the code.
const maxCloseReason = MaxControlPayload - 2

// CanSend reports whether an endpoint may put code into a close frame: 1000 to 1003 and 1007 to 1014, which are registered,
// and 3000 to 4999, which libraries and applications choose. 1004 is reserved; 1005, 1006 and 1015 are for reporting
// only and never travel; 1016 to 2999 await a future specification (RFC 6455 section 7.4, and IANA's registry for 1012 to 1014).
func CanSend(code uint16) bool {
	switch {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014:
		return true
	}
	return code >= 3000 && code <= 4999
}

// ParseClose reads the payload of a close frame (RFC 6455 section 5.5.1). An empty payload means that the peer gave no code:
// 1005 is returned. A violation is returned as err: a single byte or a code that may not travel (1002), a reason
// that is not UTF-8 (1007); code and reason are then zero. The reason is a copy.
func ParseClose(payload []byte) (code uint16, reason string, err *Error) {
	switch len(payload) {
	case 0:
		return codeNoStatus, "", nil
	case 1:
		return 0, "", violation("close frame has a payload of one byte; a code takes two (RFC 6455 section 5.5.1)")
	}
	code = binary.BigEndian.Uint16(payload)
	if !CanSend(code) {
		return 0, "", violation("close code " + strconv.Itoa(int(code)) + " may not be sent (RFC 6455 section 7.4)")
	}
	if !utf8.Valid(payload[2:]) {
		return 0, "", &Error{Code: codeInvalidPayload, Reason: "close reason is not valid UTF-8 (RFC 6455 section 5.5.1)"}
	}
	return code, string(payload[2:]), nil
}

// AppendClose appends the payload of a close frame to dst and returns the longer slice. The reason is cut to 123 bytes,
// never inside a character, and bytes in it that are not UTF-8 are replaced by U+FFFD. For a code that may not travel
// (see [CanSend]), above all 1005, "no code", it appends nothing: an empty payload is how no code is said.
func AppendClose(dst []byte, code uint16, reason string) []byte {
	if !CanSend(code) {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, code)
	room := maxCloseReason
	for _, r := range reason {
		if room -= utf8.RuneLen(r); room < 0 {
			break
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}
