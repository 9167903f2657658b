package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/edge/door"
	"github.com/holdfast-dev/holdfast/websocket"
)

// fromClients sets the RemoteAddr of each request to the client's address, which is what everybody behind logs and
// counts by, and lets nothing pass that travelled in the clear, if the configuration says so.
func (s *Server) fromClients(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := s.originOf(r)
		if o.proxied {
			r.RemoteAddr = o.addr.String()
		}
		secure := s.cameSecurely(r, o)
		switch {
		case s.config.Challenge != nil && s.config.Challenge(w, r): // in the clear, or by way of a redirect of somebody else's
		case !secure && s.config.SecureOnly:
			s.refusePlain(w, r, o)
		default:
			if secure && s.config.HSTS > 0 {
				w.Header().Set("Strict-Transport-Security", fmt.Sprintf("max-age=%d", int64(s.config.HSTS.Seconds())))
			}
			next.ServeHTTP(w, r)
		}
	})
}

// originOf returns where r comes from. Its connection's address is in RemoteAddr, or was in the PROXY header.
func (s *Server) originOf(r *http.Request) origin {
	peer, ok := r.Context().Value(announcedKey{}).(netip.AddrPort)
	if !ok {
		var err error
		if peer, err = netip.ParseAddrPort(r.RemoteAddr); err != nil {
			return origin{}
		}
	}
	o := s.proxies.origin(peer, r.Header)
	o.proxied = o.proxied || ok // who announced it is a proxy
	return o
}

// cameSecurely tells whether the client sent r by https, to us or to a proxy.
func (s *Server) cameSecurely(r *http.Request, o origin) bool {
	switch {
	case r.TLS != nil:
		return true
	case !o.proxied:
		return false
	}
	return o.proto == "https" || o.proto == "wss" || o.proto == "" && s.config.HTTPS == ""
}

// refusePlain answers what came in the clear: with the way to the same thing by https, but for a WebSocket, which
// does not follow, and where there is no https.
func (s *Server) refusePlain(w http.ResponseWriter, r *http.Request, o origin) {
	host := s.secureHost(r.Host, o)
	switch {
	case host == "":
		s.front.Refuse(w, r, nil, &door.RequestError{
			Kind:   "proxy",
			Status: http.StatusForbidden,
			Err: errors.New("this listener is for the proxies in front of it, which end TLS; connect to them with https:// or wss://" +
				" (if you are such a proxy, add your address to listen.proxies)"),
		})
	case websocket.IsHandshake(r):
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "TLS/1.3, HTTP/1.1")
		http.Error(w, "WebSockets are served over TLS only; connect to wss://"+host+r.URL.RequestURI(), http.StatusUpgradeRequired)
	default:
		w.Header().Set("Location", "https://"+host+r.URL.RequestURI())
		http.Error(w, "served over TLS only; ask https://"+host+r.URL.RequestURI(), http.StatusPermanentRedirect)
	}
}

// secureHost returns the host, with its port if need be, where the same thing is served over TLS; "" if that is
// nowhere.
func (s *Server) secureHost(asked string, o origin) string {
	name := hostname(asked)
	if name == "" || strings.ContainsAny(name, "/\\@?# ") {
		return ""
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	addr, ok := s.HTTPSAddr().(*net.TCPAddr)
	switch {
	case o.proxied:
		return name // the proxy's own port, which is nobody's business here
	case !ok:
		return ""
	case addr.Port == 443:
		return name
	}
	return fmt.Sprintf("%s:%d", name, addr.Port)
}
