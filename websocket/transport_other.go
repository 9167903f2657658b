//go:build !unix

package websocket

import "net"

// rawIO stands for direct use of a socket's descriptor, which this system does not offer.
type rawIO struct{}

func newRawIO(net.Conn, *inbound) *rawIO { return nil }

func (*rawIO) read() error { panic("websocket: no raw reads on this system") }

func (*rawIO) tryWrite([]byte) (int, error) { panic("websocket: no raw writes on this system") }
