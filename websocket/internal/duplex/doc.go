// Package duplex makes a net.Conn of one stream of an HTTP/2 or HTTP/3 connection, where only whole
// streams can be given up: a read that waits can't be interrupted, and a write that waits can't be
// timed out, except by resetting the stream. It costs no goroutine and no buffer while a read waits,
// unless that read may be interrupted.
package duplex
