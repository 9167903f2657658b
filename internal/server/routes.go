package server

import (
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/console"
	"github.com/holdfast-dev/holdfast/internal/edge/api"
	"github.com/holdfast-dev/holdfast/internal/edge/channels"
	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/internal/edge/mqtt"
	"github.com/holdfast-dev/holdfast/internal/edge/socket"
)

// routes decides by the path who answers. It is not an http.ServeMux, which would redirect a channel
// URL with an empty segment instead of letting it be refused with the reason.
func (s *Server) routes() http.Handler {
	pages := s.pages()
	return s.serveProbes(s.fromClients(s.announceHTTP3(s.checkHost(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, channels.Prefix), r.URL.Path == channels.EventsPath:
			s.channels.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, api.Prefix):
			s.api.ServeHTTP(w, r)
		case r.URL.Path == socket.Path:
			s.socket.ServeHTTP(w, r)
		case s.signalr.Serves(r.URL.Path):
			s.signalr.ServeHTTP(w, r)
		case r.URL.Path == mqtt.Path:
			s.mqtt.ServeHTTP(w, r)
		case isReserved(r.URL.Path):
			nothing(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})))))
}

// pages returns who answers for what is neither a channel nor the protocol's path.
func (s *Server) pages() http.Handler {
	switch {
	case s.config.Site != nil:
		return s.config.Site
	case !s.config.NoChat:
		return console.Handler()
	}
	return http.HandlerFunc(nothing)
}

// nothing answers for addresses at which there is nothing.
func nothing(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "there is nothing at this address; channels are below /channels/, clients of the protocol connect to /socket, and the server API is below /v1/", http.StatusNotFound)
}

// reserved are the first segments of paths that are the server's own, so that no site comes to use one that
// a later version needs.
var reserved = []string{"channels", "console", "events", "healthz", "mqtt", "readyz", "signalr", "socket", "v1"}

// isReserved tells whether a path is the server's own, whether or not there is anything.
func isReserved(path string) bool {
	return slices.Contains(reserved, firstSegment(path))
}

// TakesHub tells whether a hub of SignalR can be at a path, because nothing else of the server's is there.
func TakesHub(path string) bool {
	return !isReserved(path) || firstSegment(path) == "signalr"
}

func firstSegment(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return first
}

// checkHost refuses requests whose Host is a name that is not ours. A page elsewhere could otherwise
// let its own name resolve to this machine and pass for the same origin (DNS rebinding). An IP
// address can't be rebound.
func (s *Server) checkHost(next http.Handler) http.Handler {
	if s.config.Hosts == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostname(r.Host); net.ParseIP(host) == nil && !matchHost(host, s.config.Hosts) {
			s.front.Refuse(w, r, nil, &door.RequestError{
				Kind:   "host",
				Status: http.StatusMisdirectedRequest,
				Err:    errors.New("this server does not go by the name in the Host header; it goes by: " + strings.Join(s.config.Hosts, ", ")),
			})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname returns the host of a Host header without port and brackets, in lower case.
func hostname(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

// matchHost tells whether host is among names, in which "*.name" stands for every subdomain.
func matchHost(host string, names []string) bool {
	for _, name := range names {
		suffix, wild := strings.CutPrefix(name, "*")
		if host == name || wild && strings.HasSuffix(host, suffix) && len(host) > len(suffix) {
			return true
		}
	}
	return false
}
