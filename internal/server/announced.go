package server

import (
	"bufio"
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pires/go-proxyproto"
)

const (
	announceTimeout = 5 * time.Second // for a proxy to send its header
	maxAnnouncing   = 1024            // connections whose header has not come yet; more are closed at once
	maxAnnouncement = 4 << 10         // bytes of a header
)

// announced is a listener for proxies that begin each connection with a PROXY header (version 1 or 2), which says
// who the client is. Nobody else gets in: anybody could claim anything.
//
// It hands out the connections of the listener below as they are, so that WebSockets can use their descriptors. What the
// headers say is kept aside until net/http asks for it.
type announced struct {
	net.Listener
	proxies proxies
	canary  string // what the canary has in its header, which is none of the proxies
	log     *slog.Logger
	ready   chan net.Conn
	failed  chan error // of Accept below; closed when it has ended

	clients sync.Map // netip.AddrPort by net.Conn, from the header until net/http has taken it

	open    context.Context // until Close
	close   context.CancelFunc
	running sync.WaitGroup // the accepting, and the reading of each header
}

func newAnnounced(l net.Listener, p proxies, canary string, log *slog.Logger) *announced {
	a := &announced{Listener: l, proxies: p, canary: canary, log: log, ready: make(chan net.Conn), failed: make(chan error)}
	a.open, a.close = context.WithCancel(context.Background())
	a.running.Go(a.acceptAll)
	return a
}

// Accept returns the next connection whose header has come.
func (a *announced) Accept() (net.Conn, error) {
	select {
	case nc := <-a.ready:
		return nc, nil
	case err, ok := <-a.failed:
		if !ok {
			err = net.ErrClosed
		}
		return nil, err
	}
}

// Close stops listening, and drops connections whose header has not come.
func (a *announced) Close() error {
	err := a.Listener.Close()
	a.close()
	a.running.Wait()
	return err
}

func (a *announced) acceptAll() {
	defer close(a.failed)
	places := make(chan struct{}, maxAnnouncing)
	for {
		nc, err := a.Listener.Accept()
		if err != nil {
			select {
			case a.failed <- err: // net/http tries again if there are only too many files open
			case <-a.open.Done():
			}
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		peer := peerOf(nc.RemoteAddr()).Addr()
		proxy := a.proxies.contains(peer)
		if !proxy && peer != peerOf(nc.LocalAddr()).Addr() { // of this machine it may be the canary
			a.refuse(nc, errNoProxy)
			continue
		}
		select {
		case places <- struct{}{}:
			a.running.Go(func() {
				defer func() { <-places }()
				a.admit(nc, proxy)
			})
		default:
			a.refuse(nc, fmt.Errorf("%d connections wait for their PROXY header already", maxAnnouncing))
		}
	}
}

var errNoProxy = errors.New("it is none of the proxies; add its address to listen.proxies if it is one")

func (a *announced) refuse(nc net.Conn, reason error) {
	a.log.Warn("connection refused", "remote", nc.RemoteAddr(), "error", reason)
	if err := nc.Close(); err != nil {
		a.log.Debug("a refused connection was not closed", "remote", nc.RemoteAddr(), "error", err)
	}
}

// admit reads the header of a connection and hands it on, or closes it: if it is no proxy's, it has to be the canary's.
func (a *announced) admit(nc net.Conn, proxy bool) {
	stop := context.AfterFunc(a.open, func() { nc.Close() })
	client, canary, err := readAnnouncement(nc)
	if !stop() {
		return // closed
	}
	if !proxy && subtle.ConstantTimeCompare([]byte(canary), []byte(a.canary)) != 1 {
		a.refuse(nc, errNoProxy)
		return
	}
	if err != nil {
		a.refuse(nc, fmt.Errorf("the proxy did not begin with a PROXY header: %w; let it send one, or set listen.proxy_protocol to false", err))
		return
	}
	if client.IsValid() {
		a.clients.Store(nc, client)
	}
	select {
	case a.ready <- nc:
	case <-a.open.Done():
		a.clients.Delete(nc)
		nc.Close()
	}
}

// readAnnouncement reads the header of a connection, and not a byte more. The address is not valid if the proxy
// speaks for itself, as to see whether the server is alive. canary is what the canary shows.
func readAnnouncement(nc net.Conn) (client netip.AddrPort, canary string, err error) {
	if err := nc.SetReadDeadline(time.Now().Add(announceTimeout)); err != nil {
		return netip.AddrPort{}, "", err
	}
	raw, err := announcement(nc)
	if err != nil {
		return netip.AddrPort{}, "", err
	}
	header, err := proxyproto.Read(bufio.NewReaderSize(bytes.NewReader(raw), maxAnnouncement))
	if err != nil {
		return netip.AddrPort{}, "", err
	}
	if err := nc.SetReadDeadline(time.Time{}); err != nil {
		return netip.AddrPort{}, "", err
	}
	if header.Command.IsLocal() {
		return netip.AddrPort{}, shownByCanary(header), nil
	}
	client = peerOf(header.SourceAddr)
	if !client.IsValid() {
		return netip.AddrPort{}, "", errors.New("it does not name the client's address")
	}
	return client, "", nil
}

// announcement reads the bytes of a header. A line of version 1 is read byte by byte, as its length is not known.
func announcement(r io.Reader) ([]byte, error) {
	raw := make([]byte, len(proxyproto.SIGV2), 256) // less than the shortest of either version
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(raw, proxyproto.SIGV1) {
		for raw[len(raw)-1] != '\n' {
			raw = append(raw, 0)
			if _, err := io.ReadFull(r, raw[len(raw)-1:]); err != nil {
				return nil, err
			}
			if len(raw) > 107 { // the longest, by the specification
				return nil, errors.New("its line is too long")
			}
		}
		return raw, nil
	}
	if !bytes.Equal(raw, proxyproto.SIGV2) {
		return nil, proxyproto.ErrNoProxyProtocol
	}
	raw = append(raw, make([]byte, 4)...)
	if _, err := io.ReadFull(r, raw[12:]); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(raw[14:]))
	if len(raw)+length > maxAnnouncement {
		return nil, errors.New("it is too long")
	}
	raw = append(raw, make([]byte, length)...)
	_, err := io.ReadFull(r, raw[16:])
	return raw, err
}

// announcedKey is the key of the address that a PROXY header gave for a connection, a netip.AddrPort.
type announcedKey struct{}

// withClient adds what the header of a connection said to the context of its requests.
func (a *announced) withClient(ctx context.Context, nc net.Conn) context.Context {
	if client, ok := a.clients.LoadAndDelete(innermost(nc)); ok {
		return context.WithValue(ctx, announcedKey{}, client)
	}
	return ctx
}

// innermost returns the connection that a listener below has accepted.
func innermost(nc net.Conn) net.Conn {
	for {
		outer, ok := nc.(interface{ NetConn() net.Conn })
		if !ok {
			return nc
		}
		nc = outer.NetConn()
	}
}
