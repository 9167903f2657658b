package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"
)

// listenAddress is a flag that says where to listen: "localhost:8443", "127.0.0.1:0", ":8443", or
// "" for nowhere.
type listenAddress string

// Set implements the flag's parsing.
func (a *listenAddress) Set(s string) error {
	if s == "" {
		*a = ""
		return nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%q is no address; write HOST:PORT, as in localhost:8443 or 127.0.0.1:0", s)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has no usable port; write a number from 0 (any free one) to 65535 after the last colon", s)
	}
	*a = listenAddress(net.JoinHostPort(strings.ToLower(host), port))
	return nil
}

func (a *listenAddress) String() string { return string(*a) }

// Type is the word for the value in help texts.
func (a *listenAddress) Type() string { return "ADDR" }

// host returns the name or address to listen on; "" is every address of the machine.
func (a listenAddress) host() string {
	host, _, _ := net.SplitHostPort(string(a)) // Set has checked it
	return host
}

// port returns the port in digits.
func (a listenAddress) port() string {
	_, port, _ := net.SplitHostPort(string(a))
	return port
}

// shownHost returns the host for URLs that a user opens on this machine.
func (a listenAddress) shownHost() string {
	if host := a.host(); host != "" && !net.ParseIP(host).IsUnspecified() {
		return host
	}
	return "localhost"
}

// public tells whether other machines may be able to connect.
func (a listenAddress) public() bool {
	switch host := a.host(); {
	case a == "", host == "localhost", strings.HasSuffix(host, ".localhost"):
		return false
	default:
		return !net.ParseIP(host).IsLoopback()
	}
}
