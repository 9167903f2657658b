package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strings"

	"github.com/pires/go-proxyproto"

	"github.com/holdfast-dev/holdfast/internal/certs"
	"github.com/holdfast-dev/holdfast/websocket"
)

// route is the canary's way to the node's own listener.
type route struct {
	key    string
	addr   string
	secure *tls.Config  // nil where there is no TLS
	certs  *certs.Store // whose names are asked for; nil for any
	header []byte       // of the PROXY protocol; nil without
}

// canaryPath is where the canary lands.
const canaryPath = "/readyz/canary"

// newRoute returns the way to the listener with TLS if there is one, and to the one without otherwise.
func newRoute(s *Server, key string) *route {
	r := &route{key: key, certs: s.config.Certs}
	at := s.HTTPAddr()
	if secure := s.HTTPSAddr(); secure != nil {
		at = secure
		// Whether the certificate is one to trust is for clients to judge: nodes have no authorities of their own. Its time is
		// looked at by checkTime.
		r.secure = &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"http/1.1", canaryProtocol(key)}}
	}
	r.addr = reachable(at)
	if s.config.ProxyProtocol {
		r.header = canaryAnnouncement(key)
	}
	return r
}

// reachable returns an address at which this machine reaches a listener.
func reachable(at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return at.String()
	}
	if tcp.IP.IsUnspecified() {
		tcp = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}
	}
	return tcp.String()
}

// serverName returns a name that the node has a certificate for now, "" if any will do.
func (r *route) serverName() string {
	if r.certs == nil {
		return ""
	}
	for _, c := range r.certs.Certificates() {
		for _, name := range c.Names {
			if net.ParseIP(name) == nil {
				return strings.Replace(name, "*", "canary", 1)
			}
		}
	}
	return ""
}

// dial connects as clients do. leaf is the certificate that the listener shows, nil without TLS.
func (r *route) dial(ctx context.Context) (ws *websocket.Conn, leaf *x509.Certificate, err error) {
	connect := func(ctx context.Context, network, _ string) (net.Conn, error) {
		nc, err := new(net.Dialer).DialContext(ctx, network, r.addr)
		if err != nil {
			return nil, err
		}
		if _, err := nc.Write(r.header); err != nil {
			nc.Close()
			return nil, err
		}
		if r.secure == nil {
			return nc, nil
		}
		secure := r.secure.Clone()
		secure.ServerName = r.serverName()
		tc := tls.Client(nc, secure)
		if err := tc.HandshakeContext(ctx); err != nil {
			nc.Close()
			return nil, err
		}
		leaf = tc.ConnectionState().PeerCertificates[0]
		return tc, nil
	}
	ws, err = websocket.Dial(ctx, "ws://"+r.addr+canaryPath, &websocket.DialOptions{NetDial: connect, Header: authorization(r.key)})
	return ws, leaf, err
}

// canaryProtocol is a protocol for ALPN that nobody speaks, by which the canary is known when the handshake begins. It leaves
// the machine never.
func canaryProtocol(key string) string { return "holdfast-canary-" + key }

// unasked returns a configuration that asks the canary for no certificate, which it has not, though clients are to show
// theirs.
func (c *canary) unasked(cfg *tls.Config) *tls.Config {
	if cfg == nil {
		return nil
	}
	choose := cfg.GetConfigForClient
	if choose == nil && cfg.ClientAuth == tls.NoClientCert {
		return cfg
	}
	own := canaryProtocol(c.key)
	outer := cfg.Clone()
	outer.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		chosen := cfg
		if choose != nil {
			found, err := choose(hello)
			if err != nil || found == nil && !slices.Contains(hello.SupportedProtos, own) {
				return found, err
			}
			if found != nil {
				chosen = found
			}
		}
		if slices.Contains(hello.SupportedProtos, own) {
			chosen = chosen.Clone()
			chosen.ClientAuth = tls.NoClientCert
		}
		return chosen, nil
	}
	return outer
}

// canaryTLV is the type of the field in which the canary's PROXY header has its key, of those that are for experiments
// (the PROXY protocol, section 2.2).
const canaryTLV = proxyproto.PP2Type(0xE0)

// canaryAnnouncement returns a PROXY header that says that the connection is nobody's but its sender's, and has the key.
func canaryAnnouncement(key string) []byte {
	header := &proxyproto.Header{Version: 2, Command: proxyproto.LOCAL, TransportProtocol: proxyproto.UNSPEC}
	err := header.SetTLVs([]proxyproto.TLV{{Type: canaryTLV, Value: []byte(key)}})
	var raw []byte
	if err == nil {
		raw, err = header.Format()
	}
	if err != nil {
		panic(err) // it is the same each time
	}
	return raw
}

// shownByCanary returns the key in a PROXY header, "" if there is none.
func shownByCanary(header *proxyproto.Header) string {
	fields, err := header.TLVs()
	if err != nil {
		return ""
	}
	for _, f := range fields {
		if f.Type == canaryTLV {
			return string(f.Value)
		}
	}
	return ""
}
