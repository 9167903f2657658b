// Package protocol holds the wire types of the Holdfast protocol, which is spoken on /socket: the
// commands of a client, the replies and pushes of the server, their errors and close codes, and
// both encodings of them. docs/protocol.md says what they mean; the files of testdata show each.
//
// A server reads what comes with [Encoding.DecodeCommands] and answers with [Encoding.AppendOK],
// [Encoding.AppendError] and [Encoding.AppendPush]. A client does the reverse with
// [Encoding.AppendCommand] and [Encoding.DecodeServer]. The package does no I/O and holds no
// state; everything in it may be used by several goroutines at once.
//
// Decoding is strict at the server, where an unknown field is a fault of its command, and lenient
// at the client, where it is ignored. What is decoded never refers to the bytes it came from.
package protocol
