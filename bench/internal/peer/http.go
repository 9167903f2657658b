//go:build linux

package peer

import (
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// serveHTTP runs a library that upgrades requests of net/http.
func serveHTTP(ln net.Listener, handle http.HandlerFunc) error {
	server := &http.Server{
		Handler:           handle,
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // clients that leave are no news
	}
	return server.Serve(ln)
}
