// Package deflate is permessage-deflate (RFC 7692) as pure computation: negotiation on parsed headers, and compression and
// decompression from slice to slice. It performs no I/O, starts no goroutine and takes no lock but those of its pools.
//
// The parts: [Accept], [Offer] and [CheckResponse] agree on [Params]; an [Encoder] and a [Decoder] per connection keep one
// [Context] each; [AppendShared] compresses a message once for many connections.
//
// The encoder is made for messages of 50 bytes to a few KiB, which a general one serves badly: it has no state of hundreds of KiB to
// reset or to keep, and looks for matches from the first byte on. What a message needs for its own time comes
// from a pool; what a connection keeps is its window and an index into it.
package deflate
