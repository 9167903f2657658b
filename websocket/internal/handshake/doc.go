// Package handshake is the opening handshake of RFC 6455 section 4 as pure functions over HTTP headers: what a server checks in
// a request and refuses with which words, what a client writes and checks in the response, and which origins are let in. It
// performs no I/O and keeps no state; every function may be called concurrently.
//
// All input is treated as hostile: parsing is linear in the size of the headers, lists are bounded, and what the peer
// sent appears in messages only quoted and cut to a bounded length.
package handshake
