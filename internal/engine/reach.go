package engine

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
)

// Why a node can't be talked to, beyond the errors of the network.
var (
	ErrNotNode  = errors.New("what answers there is no node of a cluster")
	ErrStranger = errors.New("it does not know this node: its secret, its cluster's name or its authority is another")
)

// maxRouteInfo bounds the first line that a node sends.
const maxRouteInfo = 16 << 10

// Reach looks whether a node of the cluster answers at HOST:PORT, and knows this one for one of its own. It changes nothing
// there. The error wraps ErrNotNode or ErrStranger, or is one of the network.
func (c *Cluster) Reach(ctx context.Context, addr string) error {
	keys, err := deriveKeys(c.Secret, c.Name)
	if err != nil {
		return err
	}
	config, err := c.tlsConfig(keys)
	if err != nil {
		return err
	}
	if config.ServerName == "" { // certificates are given, with the names of the nodes
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return err
		}
		config = config.Clone()
		config.ServerName = host
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
			return fmt.Errorf("%w: it speaks no TLS", ErrNotNode)
		}
		return fmt.Errorf("%w (%w)", ErrStranger, err)
	}
	line, err := bufio.NewReaderSize(secure, maxRouteInfo).ReadSlice('\n') // if it does not take our certificate, it says so now
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("%w (%w)", ErrStranger, err)
	case !strings.HasPrefix(string(line), "INFO "):
		return ErrNotNode
	}
	return nil
}

// FreeSpace returns how many bytes may still be written to the disk of a directory.
func FreeSpace(dir string) (uint64, error) { return freeSpace(dir) }
