package main

import (
	"crypto/tls"
	"net"
	"net/http"

	"github.com/quic-go/quic-go/http3"

	"github.com/holdfast-dev/holdfast/websocket/h3"
)

// quicServer is a running HTTP/3 server.
type quicServer struct {
	udp    *net.UDPConn
	server *http3.Server
	served chan error
}

// noHTTP3 is for servers without TLS, which HTTP/3 can't do without.
var noHTTP3 = &quicServer{}

// serveHTTP3 serves on the UDP port with the number of a TCP port. h3.Handler makes a WebSocket
// cheaper; it works without it too.
func serveHTTP3(tcp *net.TCPAddr, config *tls.Config, h http.Handler) (*quicServer, error) {
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: tcp.IP, Port: tcp.Port, Zone: tcp.Zone})
	if err != nil {
		return nil, err
	}
	q := &quicServer{
		udp:    udp,
		server: &http3.Server{Handler: h3.Handler(h), TLSConfig: http3.ConfigureTLSConfig(config)},
		served: make(chan error, 1),
	}
	go func() { q.served <- q.server.Serve(udp) }()
	return q, nil
}

// close ends the server and its connections.
func (q *quicServer) close() {
	if q.server == nil {
		return
	}
	q.server.Close()
	<-q.served
	q.udp.Close()
}
