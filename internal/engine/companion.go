package engine

import (
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// JetStream in a cluster does nothing, and does not even read what it has, before its server is connected to another
// one: a single node would wait for ever, and one that comes back while the others are down would not let anybody
// read. So each has a companion, a second server in the process, without data and without a vote, which is a leaf of
// it (a server that hangs off a cluster). Nothing passes between the two.
const (
	companionUser  = "companion"
	companionRetry = 100 * time.Millisecond
)

// welcome makes the options those of a server that takes a companion, and returns the password for it.
func welcome(o *server.Options) (password string) {
	password = rand.Text()
	o.LeafNode = server.LeafNodeOpts{Host: "127.0.0.1", Port: server.RANDOM_PORT, Username: companionUser, Password: password, NoAdvertise: true}
	return password
}

// startCompanion connects a companion to the server with those options, which has started.
func startCompanion(o *server.Options, password string, log *serverLog) (*server.Server, error) {
	at := &url.URL{
		Scheme: "nats-leaf",
		Host:   net.JoinHostPort("127.0.0.1", strconv.Itoa(o.LeafNode.Port)),
		User:   url.UserPassword(companionUser, password),
	}
	everything := []string{">"}
	companion, err := server.NewServer(&server.Options{
		ServerName:      o.ServerName + "-companion",
		DontListen:      true,
		NoSigs:          true,
		NoSystemAccount: true,
		LeafNode: server.LeafNodeOpts{
			ReconnectInterval: companionRetry,
			Remotes:           []*server.RemoteLeafOpts{{URLs: []*url.URL{at}, DenyImports: everything, DenyExports: everything}},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("the companion of the embedded engine refused its options: %w", err)
	}
	companion.SetLoggerV2(log, false, false, false)
	companion.Start()
	return companion, nil
}
