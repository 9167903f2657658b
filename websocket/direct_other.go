//go:build !unix

package websocket

import (
	"net"
	"time"
)

// direct and newDirect have no use of a descriptor on this system.
func direct(nc net.Conn) net.Conn { return nc }

func newDirect(net.Conn, time.Duration) transport { return nil }
