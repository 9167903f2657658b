package server

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// proxies are those who may say for whom they ask.
type proxies struct {
	addresses []netip.Prefix
	forwarded bool // they write Forwarded (RFC 7239), and not X-Forwarded-For and X-Forwarded-Proto
}

// contains tells whether addr is one of the proxies.
func (p proxies) contains(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(p.addresses, func(prefix netip.Prefix) bool { return prefix.Contains(addr) })
}

// origin is where a request comes from in truth.
type origin struct {
	addr    netip.AddrPort // of the client; port 0 if a proxy did not say
	proxied bool           // the peer is one of the proxies
	proto   string         // if proxied: how the client came, https or http; "" if the proxy does not say
}

// origin finds out who made a request that came from peer. Only what proxies say counts: the list of addresses is
// read from its end, where the peer has put the one that it saw, and on towards the front for as long as
// these are proxies too. What stands before that is anybody's invention, and so is the header that the proxies do not
// write: they pass it on as the client sent it.
func (p proxies) origin(peer netip.AddrPort, h http.Header) origin {
	peer = netip.AddrPortFrom(peer.Addr().Unmap(), peer.Port())
	o := origin{addr: peer, proxied: p.contains(peer.Addr())}
	if !o.proxied {
		return o
	}
	var hops []string
	var proto string
	if p.forwarded {
		hops, proto = forwarded(h)
	} else {
		hops = listOf(h, "X-Forwarded-For")
		if said := listOf(h, "X-Forwarded-Proto"); len(said) > 0 {
			proto = said[len(said)-1]
		}
	}
	o.proto = strings.ToLower(proto)
	for _, hop := range slices.Backward(hops) {
		addr, ok := parseHop(hop)
		if !ok {
			break // "unknown", a hidden name or nonsense: the one behind it is the last that is known
		}
		o.addr = addr
		if !p.contains(addr.Addr()) {
			break
		}
	}
	return o
}

// listOf returns the elements of a header that is a list, of all its lines.
func listOf(h http.Header, name string) []string {
	var all []string
	for _, line := range h.Values(name) {
		for item := range strings.SplitSeq(line, ",") {
			all = append(all, strings.TrimSpace(item))
		}
	}
	return all
}

// forwarded returns the "for" of each element of Forwarded ("" where there is none), and the "proto" of the last.
func forwarded(h http.Header) (hops []string, proto string) {
	for _, element := range listOf(h, "Forwarded") {
		hop := ""
		proto = ""
		for pair := range strings.SplitSeq(element, ";") {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = strings.Trim(value, `"`)
			switch strings.ToLower(name) {
			case "for":
				hop = value
			case "proto":
				proto = value
			}
		}
		hops = append(hops, hop)
	}
	return hops, proto
}

// parseHop reads an address as proxies write it: with a port or without, IPv6 in brackets or not.
func parseHop(s string) (netip.AddrPort, bool) {
	if at, err := netip.ParseAddrPort(s); err == nil {
		return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port()), true
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return netip.AddrPortFrom(addr.Unmap().WithZone(""), 0), err == nil
}

// peerOf returns the address at the other end of a request's connection.
func peerOf(remote net.Addr) netip.AddrPort {
	switch a := remote.(type) {
	case *net.TCPAddr:
		return a.AddrPort()
	case *net.UDPAddr:
		return a.AddrPort()
	}
	return netip.AddrPort{}
}
