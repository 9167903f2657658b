//go:build linux

// Package load is the client side of the comparison: it opens connections, keeps messages in flight
// on them and counts what comes back.
//
// It has to cost less than the servers that it measures. So one thread serves all connections with
// epoll; what is sent was encoded and masked before; what comes back is only compared with the
// frame header that is expected, many frames at a time. It is not a WebSocket client: it takes the
// answer to its handshake on trust and knows no frames but the expected ones.
package load
