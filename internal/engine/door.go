package engine

import (
	"crypto/rand"
	"crypto/subtle"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// The server does not begin to talk to other nodes before it listens for clients, so in a cluster it does, on some port of
// loopback. Nobody but this process has the password.
const (
	logsUser   = "logs"
	systemUser = "system" // may look after the cluster
)

// door lets the connections of this process in, and nobody else.
type door struct {
	password string
	system   func() *server.Account // set before the server starts
}

func newDoor() *door { return &door{password: rand.Text()} }

// attach makes the options those of a server behind the door.
func (d *door) attach(o *server.Options) {
	o.DontListen, o.Host, o.Port = false, "127.0.0.1", server.RANDOM_PORT
	o.CustomClientAuthentication = d
}

// Check tells the server whether a client may come in. It is the server's Authentication.
func (d *door) Check(client server.ClientAuthentication) bool {
	says := client.GetOpts()
	if subtle.ConstantTimeCompare([]byte(says.Password), []byte(d.password)) != 1 {
		return false
	}
	if says.Username == systemUser {
		client.RegisterUser(&server.User{Username: systemUser, Account: d.system()})
	}
	return true
}

// ConnectSystem opens a connection to the server of a cluster as its administrator, in the process.
func (e *Engine) ConnectSystem(options ...nats.Option) (*nats.Conn, error) {
	return e.connect(append(options, nats.UserInfo(systemUser, e.door.password)))
}
