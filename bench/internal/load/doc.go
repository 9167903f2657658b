//go:build linux

// Package load is the client side of the comparison: it opens connections, keeps messages in flight
// on them and counts what comes back.
//
// It has to cost less than the servers that it measures. So one thread serves all connections with
// epoll; what is sent was encoded and masked before; what comes back is only counted, by the clients
// of package dialect.
package load
