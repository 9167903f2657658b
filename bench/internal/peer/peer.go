//go:build linux

// Package peer holds the servers that are compared: one for each WebSocket library, written the way
// the library's own documentation recommends where throughput or memory matters, and one that uses
// no library and shows what the operating system and Go's network poller cost alone.
//
// All of them accept any path, leave compression off and use default settings but where a comment
// says so.
package peer

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/bench/internal/cert"
	"github.com/holdfast-dev/holdfast/websocket"
)

// Kind says what a server does with a message.
type Kind string

const (
	Echo      Kind = "echo"      // sends it back to its sender
	Broadcast Kind = "broadcast" // sends it to every connection, the sender's included
)

// Server is a running part of a peer. Both methods may be called from any goroutine.
type Server interface {
	// Serve accepts connections until ln is closed, and returns why it stopped. Connections that
	// are open then go on until their clients leave.
	Serve(ln net.Listener) error
	// Members returns how many connections a broadcast reaches. An echo server has none.
	Members() int
}

// Peer is one of the servers that are compared.
type Peer struct {
	Name   string
	Module string // import path of the library's module; "" if there is no library
	New    func(Kind) Server
	// Below, if not nil, wraps the listener, below TLS if there is TLS.
	Below func(net.Listener) net.Listener
}

// Listen listens on a free port of loopback, the way the peer is to be served: ws, or wss with a
// certificate made up for it.
func (p Peer) Listen(secure bool) (net.Listener, error) {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if p.Below != nil {
		ln = p.Below(ln)
	}
	if !secure {
		return ln, nil
	}
	c, err := cert.New()
	if err != nil {
		ln.Close()
		return nil, err
	}
	return tls.NewListener(ln, &tls.Config{
		Certificates: []tls.Certificate{c},
		NextProtos:   []string{"http/1.1"}, // not every peer can do WebSocket over HTTP/2
	}), nil
}

// IsFloor tells that the peer is no library but a bare loop of system calls: what a library is
// measured against, not a rival.
func (p Peer) IsFloor() bool { return p.Module == "" }

// Own is the name of the library that this benchmark belongs to.
const Own = "holdfast"

// All returns every peer, our own first.
func All() []Peer {
	return []Peer{
		{Name: Own, Module: "github.com/holdfast-dev/holdfast", New: newHoldfast, Below: websocket.Listener},
		{Name: "gobwas", Module: "github.com/gobwas/ws", New: newGobwas},
		{Name: "gws", Module: "github.com/lxzan/gws", New: newGWS},
		{Name: "gorilla", Module: "github.com/gorilla/websocket", New: newGorilla},
		{Name: "coder", Module: "github.com/coder/websocket", New: newCoder},
		{Name: "floor", New: newFloor},
	}
}

// Find returns the peer with a name.
func Find(name string) (Peer, error) {
	all := All()
	i := slices.IndexFunc(all, func(p Peer) bool { return p.Name == name })
	if i < 0 {
		return Peer{}, fmt.Errorf("there is no peer %q (there are: %s)", name, strings.Join(names(all), ", "))
	}
	return all[i], nil
}

func names(peers []Peer) []string {
	var list []string
	for _, p := range peers {
		list = append(list, p.Name)
	}
	return list
}
