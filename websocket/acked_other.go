//go:build !linux

package websocket

import (
	"net"
	"time"
)

// wantAcks is left to the system's own patience here.
func wantAcks(net.Conn, time.Duration) error { return nil }
