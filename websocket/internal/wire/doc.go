// Package wire is the framing layer of RFC 6455 as pure computation: bytes in, events out, and bytes appended to a slice for
// the way back. It performs no I/O, knows no clock and takes no lock, so that every rule of section 5 can be tested by feeding
// bytes, and so that one implementation serves TCP, TLS, HTTP/2 streams and tests alike.
//
// The parts: [Parser] turns the peer's bytes into [Event] values and enforces the framing rules; [AppendHeader] and
// [AppendClose] write frames; [Mask] masks and unmasks; [UTF8] validates text as it arrives; [ParseClose] reads a close
// payload. Nothing here is safe for concurrent use, and the path of a
// message allocates nothing unless the peer broke a rule.
package wire
