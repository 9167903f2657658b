package engine

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Cluster says which nodes keep the logs together, and how they know each other.
type Cluster struct {
	Name      string   // of the cluster; the same on all nodes
	Node      string   // of this node; another one on each, and always the same
	Listen    string   // HOST:PORT for the other nodes
	Advertise string   // HOST:PORT that the others are told; "" for what is listened on
	Peers     []string // HOST:PORT of the nodes, this one or not; a host may be a name of DNS that leads to several
	Secret    []byte   // that all nodes have; at least 32 bytes

	Certificate, Key, CA string // files in PEM, in place of generated certificates; all or none
}

const (
	routeUser      = "holdfast"
	routePing      = 5 * time.Second // a connection that answers none of two is given up
	routePings     = 2
	routeHandshake = 5.0 // seconds for the TLS of a connection between nodes
	waitingNotice  = 10 * time.Second
	pollInterval   = 20 * time.Millisecond
)

// ListenError says that other nodes can't connect, because the address is not to be had.
type ListenError struct{ Addr, Why string }

// Error says what to do, too.
func (e *ListenError) Error() string {
	return fmt.Sprintf("cannot listen on %s for other nodes: %s; stop the other program, or choose another address with cluster.listen", e.Addr, e.Why)
}

// cluster makes the engine one of a cluster.
func (e *Engine) cluster(c *Cluster, o *server.Options) error {
	if err := c.join(o); err != nil {
		return err
	}
	if err := seedPeers(e.dir, c); err != nil {
		return err
	}
	if !hasten() {
		e.log.log.Warn("this version of nats-server has no known times of elections: a log whose leader fails is without one for some seconds")
	}
	e.peers, e.listen, e.door = c.Peers, c.Listen, newDoor()
	e.joins = len(c.Peers) == 1 && !c.alone()
	e.door.attach(o)
	return nil
}

// join makes the options those of one of a cluster.
func (c *Cluster) join(o *server.Options) error {
	host, portText, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("cluster.listen: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("cluster.listen: %w", err)
	}
	keys, err := deriveKeys(c.Secret, c.Name)
	if err != nil {
		return err
	}
	config, err := c.tlsConfig(keys)
	if err != nil {
		return err
	}
	password := base64.RawURLEncoding.EncodeToString(keys.route)
	o.ServerName = c.Node
	o.Cluster = server.ClusterOpts{
		Name:         c.Name,
		Host:         cmp.Or(host, "0.0.0.0"),
		Port:         cmp.Or(port, server.RANDOM_PORT),
		Advertise:    c.Advertise,
		Username:     routeUser,
		Password:     password,
		TLSConfig:    config,
		TLSTimeout:   routeHandshake,
		PingInterval: routePing,
		MaxPingsOut:  routePings,
	}
	for _, peer := range c.Peers {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats-route", Host: peer, User: url.UserPassword(routeUser, password)})
	}
	return nil
}

// ErrNoQuorum says that fewer nodes are there than it takes to agree.
var ErrNoQuorum = errors.New("no majority of the nodes")

// AwaitQuorum waits until the nodes have agreed on who leads. It tells from time to time who is waited for.
func (e *Engine) AwaitQuorum(ctx context.Context) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	next := time.Now().Add(time.Second)
	words := "waiting for other nodes of the cluster"
	if e.joins {
		words += "; the only address in cluster.peers is not this node's own, so it begins none: start the node there, or give this one's address to cluster.advertise, too, if it is to be the first"
	}
	for {
		m := e.Membership()
		if m.Leader != "" {
			return nil
		}
		if now := time.Now(); now.After(next) {
			next = now.Add(waitingNotice)
			e.log.log.Info(words, "connected", m.Connected, "needed", m.Needed, "peers", e.peers)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%w came together (there were %d with this one, and %d are needed): %w", ErrNoQuorum, m.Connected+1, m.Needed, context.Cause(ctx))
		}
	}
}
