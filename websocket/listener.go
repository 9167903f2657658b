package websocket

import "net"

// Listener wraps a TCP listener so that WebSockets over TLS on it cost less: an idle one holds no read
// buffer, and writing to one never needs a goroutine unless the socket is full. Put it below TLS:
//
//	l, err := net.Listen("tcp", ":443")
//	…
//	err = httpServer.ServeTLS(websocket.Listener(l), "cert.pem", "key.pem")
//
// Without it everything works the same, only TLS connections take more memory and time. Connections that
// do not become WebSockets are not changed in any way. On systems other than Unix it has no effect.
func Listener(l net.Listener) net.Listener { return listener{l} }

type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return direct(nc), nil
}
