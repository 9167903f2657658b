package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/engine"
)

const (
	reachTimeout = 5 * time.Second // for a peer to answer
	littleSpace  = 1 << 30         // bytes on a disk
	fewestPeers  = 3               // fewer can't do without any one of them
	maxAddresses = 16              // of a name of DNS that are looked at
)

// checkNode looks whether a node with a configuration will come into its cluster, from this machine.
func checkNode(file string) ([]finding, error) {
	c, err := config.Load(config.Options{File: file, Environ: os.Environ(), Production: true})
	if err != nil {
		return nil, fail(exitFiles, "%w", err)
	}
	if !c.Cluster.Enabled() {
		return nil, fail(exitFiles, "%s is the configuration of a node alone; give cluster.peers, as: holdfast cluster add", file)
	}
	name, err := c.Cluster.NodeName()
	if err != nil {
		return nil, fail(exitFiles, "%w", err)
	}
	logs, err := brokerOf(c, name, c.Data.Dir, slog.New(slog.DiscardHandler))
	if err != nil {
		return []finding{{"secret", "fail", err.Error(), "copy it from another node"}}, nil
	}
	all := []finding{{Subject: "node", Result: "ok", What: fmt.Sprintf("it is called %s, in the cluster %s", name, c.Cluster.Name)}}
	all = append(all, reachPeers(logs.Cluster)...)
	all = append(all, countPeers(c.Cluster.Peers), checkEndpoints(c.Cluster.Endpoints), checkDisk(c.Data.Dir))
	return all, nil
}

// reachPeers looks at every address of every peer. Its own may be among them, where nothing listens yet.
func reachPeers(c *engine.Cluster) (all []finding) {
	ctx, cancel := context.WithTimeout(context.Background(), reachTimeout)
	defer cancel()
	reached := 0
	for _, peer := range c.Peers {
		host, port, err := net.SplitHostPort(peer)
		if err != nil {
			all = append(all, finding{"peers", "fail", err.Error(), "write HOST:PORT"})
			continue
		}
		addresses, err := net.DefaultResolver.LookupHost(ctx, host)
		if err != nil {
			all = append(all, finding{"peers", "warn", fmt.Sprintf("%s is not known by its name: %v", peer, err), "look at the name, or at DNS on this machine"})
			continue
		}
		for _, address := range addresses[:min(len(addresses), maxAddresses)] {
			f := reachPeer(ctx, c, peer, net.JoinHostPort(address, port))
			if f.Result == "ok" {
				reached++
			}
			all = append(all, f)
		}
	}
	if reached == 0 {
		all = append(all, finding{"peers", "fail", "no other node answers", "start one first, unless this is the first one of a new cluster; otherwise look at firewalls and cluster.peers"})
	}
	return all
}

// reachPeer looks at one address.
func reachPeer(ctx context.Context, c *engine.Cluster, peer, address string) finding {
	at := peer
	if address != peer {
		at += " (" + address + ")"
	}
	err := c.Reach(ctx, address)
	switch {
	case err == nil:
		return finding{Subject: "peers", Result: "ok", What: at + " answers, over TLS, and has the same secret"}
	case errors.Is(err, engine.ErrStranger):
		return finding{"peers", "fail", fmt.Sprintf("%s answers, and %v", at, err), "copy the secret from a node that is in, and write the same cluster.name"}
	case errors.Is(err, engine.ErrNotNode):
		return finding{"peers", "fail", fmt.Sprintf("%s: %v", at, err), "write the address of cluster.listen of that node, not one for clients"}
	}
	return finding{"peers", "warn", fmt.Sprintf("%s does not answer: %v", at, err), "if it is this node itself, or not started yet, that is right; else look at firewalls"}
}

func countPeers(peers []string) finding {
	switch n := len(peers); {
	case n == 1:
		return finding{Subject: "number", Result: "ok", What: "there is one name, which may lead to several nodes"}
	case n < fewestPeers:
		return finding{"number", "warn", fmt.Sprintf("%d nodes can't do without any one of them", n), "have three"}
	case n%2 == 0:
		return finding{"number", "warn", fmt.Sprintf("%d nodes bear the loss of %d, as %d would", n, (n-1)/2, n-1), "have one more, or one less"}
	default:
		return finding{Subject: "number", Result: "ok", What: fmt.Sprintf("%d nodes bear the loss of %d", n, (n-1)/2)}
	}
}

func checkEndpoints(endpoints []string) finding {
	if len(endpoints) == 0 {
		return finding{"endpoints", "warn", "nobody knows where clients reach this node alone, so that other nodes can't send theirs to it", "set cluster.endpoints"}
	}
	return finding{Subject: "endpoints", Result: "ok", What: fmt.Sprintf("clients are told of %s", endpoints[0])}
}

func checkDisk(dir string) finding {
	if dir == "" {
		return finding{Subject: "disk", Result: "ok", What: "the data directory is the usual one of the user"}
	}
	free, err := engine.FreeSpace(dir)
	switch {
	case err != nil:
		return finding{"disk", "warn", fmt.Sprintf("how much room %s has can't be seen: %v", dir, err), "it is made at the start; look that it can be"}
	case free < littleSpace:
		return finding{"disk", "warn", fmt.Sprintf("%s has %d MiB free; nothing is stored below 128", dir, free>>20), "make room"}
	}
	return finding{Subject: "disk", Result: "ok", What: fmt.Sprintf("%s has %d GiB free", dir, free>>30)}
}
