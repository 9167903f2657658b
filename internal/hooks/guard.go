package hooks

import (
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// The addresses that hooks may be at are checked when a connection is made, after the name was resolved: a
// name that means another address from one moment to the next, a redirect or an odd way of writing an address
// gains nothing. By the special-purpose registries of IANA (RFC 6890), as of 2026.

// special are the networks within the unicast addresses that are not the public Internet.
var special = prefixes(
	"0.0.0.0/8",        // this network (RFC 791)
	"100.64.0.0/10",    // carrier-grade NAT (RFC 6598); 100.100.100.200 is a metadata service
	"192.0.0.0/24",     // protocol assignments (RFC 6890); 192.0.0.192 is a metadata service
	"192.0.2.0/24",     // documentation (RFC 5737)
	"192.88.99.0/24",   // 6to4 relays (RFC 7526)
	"198.18.0.0/15",    // benchmarks (RFC 2544)
	"198.51.100.0/24",  // documentation
	"203.0.113.0/24",   // documentation
	"240.0.0.0/4",      // reserved (RFC 1112), with 255.255.255.255
	"168.63.129.16/32", // the host of a virtual machine in Azure, which looks public

	"2001::/23",     // protocol assignments (RFC 2928), Teredo among them
	"2001:db8::/32", // documentation (RFC 3849)
	"2002::/16",     // 6to4 (RFC 3056): it carries an address of version 4
	"3fff::/20",     // documentation (RFC 9637)
)

var (
	globalUnicast = netip.MustParsePrefix("2000::/3")     // all that IANA has given out of version 6
	nat64         = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052: the last four bytes are an address of version 4
)

func prefixes(list ...string) (all []netip.Prefix) {
	for _, one := range list {
		all = append(all, netip.MustParsePrefix(one))
	}
	return all
}

// public tells whether an address is one of the public Internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	switch {
	case !a.IsGlobalUnicast() || a.IsPrivate() || a.Is6() && !globalUnicast.Contains(a):
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(a) })
}

// private tells whether an address is of this machine or of a network of one's own.
func private(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsLoopback() || a.IsPrivate()
}

// AddressError says that a hook is at an address where it may not be.
type AddressError struct {
	Addr    netip.Addr
	Private bool // it has to be a private one, because the hook's URL is http; else a public one
}

// Error says which, and what to do.
func (e *AddressError) Error() string {
	if e.Private {
		return fmt.Sprintf("%s is not an address of this machine or of a private network, and http is for those alone; use https", e.Addr)
	}
	return fmt.Sprintf("%s is not a public address; if the backend is meant to be there, set allow_private", e.Addr)
}

// checkPublic checks an address that is written in a URL.
func checkPublic(host string) error {
	a, err := netip.ParseAddr(host)
	if err != nil {
		return err
	}
	if !public(a) {
		return &AddressError{Addr: a}
	}
	return nil
}

// control returns what net.Dialer calls with each address before it connects there.
func control(reach reach) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		switch {
		case err != nil:
			return fmt.Errorf("%q is no address of a machine: %w", address, err)
		case reach == publicOnly && !public(at.Addr()):
			return &AddressError{Addr: at.Addr()}
		case reach == privateOnly && !private(at.Addr()):
			return &AddressError{Addr: at.Addr(), Private: true}
		}
		return nil
	}
}

// reach is where requests of a hook may go.
type reach int

const (
	publicOnly  reach = iota // the public Internet, as usual
	anywhere                 // by https, with AllowPrivate
	privateOnly              // by http, with AllowPrivate
)
