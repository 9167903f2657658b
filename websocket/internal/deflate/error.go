package deflate

import "strconv"

// Close codes for messages that can't be decompressed (RFC 6455 section 7.4.1). RFC 7692 names none: broken DEFLATE is "data within
// a message that was not consistent with the type of the message", 1007.
const (
	codeInvalidPayload  = 1007
	codeMessageTooLarge = 1009
)

// Error is a message that can't be decompressed. It ends the connection: the context of later messages is lost with it. Send a
// close frame with Code and Reason (RFC 6455 section 7.1.7).
type Error struct {
	Code   uint16 // the close code to answer with: 1007 or 1009
	Reason string // a sentence that names the broken rule; at most 123 bytes of UTF-8, so that it fits a close frame
}

// Error returns the close code and the reason.
func (e *Error) Error() string {
	return "close " + strconv.Itoa(int(e.Code)) + ": " + e.Reason
}

func corrupt(reason string) *Error {
	return &Error{Code: codeInvalidPayload, Reason: "compressed message " + reason}
}

var (
	errTruncated  = corrupt("ends inside a DEFLATE block (RFC 7692 section 7.2.1)")
	errBlockType  = corrupt("has a DEFLATE block of the reserved type 11 (RFC 1951 section 3.2.3)")
	errStored     = corrupt("has a stored block whose length fields disagree (RFC 1951 section 3.2.4)")
	errCodeCounts = corrupt("has a block with too many Huffman codes (RFC 1951 section 3.2.7)")
	errCodeSizes  = corrupt("has a block with impossible Huffman code lengths (RFC 1951 section 3.2.7)")
	errSymbol     = corrupt("has a code that stands for nothing (RFC 1951 section 3.2.6)")
	errDistance   = corrupt("refers to bytes before its window (RFC 7692 section 7.1)")
)
