package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// metaDir is where JetStream keeps what the nodes have agreed on: who is one, and which streams there are.
func metaDir(dir string) string {
	return filepath.Join(dir, server.JetStreamStoreDir, server.DEFAULT_SYSTEM_ACCOUNT, "_js_", "_meta_")
}

// seedPeers says how many nodes come together for the first time, where this one has never been one of a cluster.
//
// JetStream itself wants at least two, and as many as there are addresses: a node alone would wait for ever, and three
// for the third. Nodes without a past agree only if all that are expected are there, and what they agree on later
// takes more than half of them. So of n nodes it is to be the largest even number: more than half of that is more
// than half of n, and two groups of nodes that do not see each other can't both begin. A node that comes later is
// taken in by those that are there. One begins alone only if the one address is its own: where that is another's, or a name
// for all, a node that is kept from the others would otherwise be a second cluster.
//
// The file is JetStream's, peers.idx: the number expected, that of those known, which is none, and a mark for domains.
func seedPeers(dir string, c *Cluster) error {
	expected := max(len(c.Peers)&^1, 2)
	if c.alone() {
		expected = 1
	}
	path := filepath.Join(metaDir(dir), "peers.idx")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err // it has been one before
	}
	state := binary.LittleEndian.AppendUint32(nil, uint32(expected))
	state = binary.LittleEndian.AppendUint32(state, 0)
	state = binary.LittleEndian.AppendUint16(state, 0)
	err := os.MkdirAll(filepath.Dir(path), dirMode)
	if err == nil {
		err = os.WriteFile(path, state, fileMode)
	}
	if err == nil {
		err = syncFile(path)
	}
	if err != nil {
		return fmt.Errorf("the directory %s can't be made that of a node: %w", dir, err)
	}
	return nil
}

// alone tells whether the only address that is given is this node's own, without asking DNS, which may not know the others yet:
// it is what others are told, or has the node's port and its name, the machine's, or an address of the machine.
func (c *Cluster) alone() bool {
	if len(c.Peers) != 1 {
		return false
	}
	peer := c.Peers[0]
	if peer == c.Listen || peer == c.Advertise {
		return true
	}
	host, port, err := net.SplitHostPort(peer)
	if err != nil {
		return false
	}
	if _, own, err := net.SplitHostPort(c.Listen); err != nil || own != port {
		return false
	}
	if ip := net.ParseIP(host); ip != nil {
		return ofThisMachine(ip)
	}
	first, _, _ := strings.Cut(host, ".")
	machine, err := os.Hostname()
	if err == nil && (strings.EqualFold(host, machine) || strings.EqualFold(first, machine)) {
		return true
	}
	return strings.EqualFold(host, "localhost") || strings.EqualFold(host, c.Node) || strings.EqualFold(first, c.Node)
}

func ofThisMachine(ip net.IP) bool {
	if ip.IsLoopback() {
		return true
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false // it waits for another node, and says so
	}
	return slices.ContainsFunc(addresses, func(a net.Addr) bool {
		network, ok := a.(*net.IPNet)
		return ok && network.IP.Equal(ip)
	})
}
