package config

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
)

// Cluster says which nodes belong together, and what is told of this one.
type Cluster struct {
	Name        string   `key:"name" default:"holdfast" doc:"What the cluster is called. All its nodes say the same."`
	Node        string   `key:"node" doc:"What this node is called: another name than every other node's, and always the same. Empty is the name of the machine."`
	Listen      string   `key:"listen" default:":6222" doc:"Where other nodes connect to this one, as HOST:PORT."`
	Peers       []string `key:"peers" doc:"Where the nodes are, as in [a:6222, b:6222, c:6222], or one name of DNS that leads to all of them. This node's own address may be among them. Without any the node is alone."`
	Advertise   string   `key:"advertise" doc:"The address that the other nodes reach this one at, as HOST:PORT, if it is not what it listens on."`
	Secret      Secret   `key:"secret" doc:"A secret of at least 32 bytes that all nodes have: who has it is a node. The certificates that nodes show each other are made from it. Better than in a file it is in the variable, or in cluster.secret_file."`
	SecretFile  string   `key:"secret_file" doc:"A file with that secret alone."`
	Certificate string   `key:"certificate" doc:"The file of the certificate that this node shows the others, in PEM, to be used in place of a generated one. It needs cluster.key and cluster.ca."`
	Key         string   `key:"key" doc:"The file of that certificate's key."`
	CA          string   `key:"ca" doc:"The file of the authorities that vouch for the certificates of nodes, and of nothing else, in PEM."`
	Endpoints   []string `key:"endpoints" doc:"Where clients reach this node and no other, as in [wss://a.example.com]. They are told of the other nodes' when this one stops or fails."`
	Replicas    int      `key:"replicas" default:"3" least:"1" most:"5" doc:"On how many nodes each log is kept, as soon as there are so many."`
}

// DefaultClusterPort is that of a peer which is given without one.
const DefaultClusterPort = "6222"

// Enabled tells whether this node is one of a cluster with an engine of its own.
func (c *Cluster) Enabled() bool { return len(c.Peers) > 0 }

// NodeName returns what this node is called.
func (c *Cluster) NodeName() (string, error) {
	if c.Node != "" {
		return c.Node, nil
	}
	name, err := os.Hostname()
	if err == nil {
		err = checkNodeName(name)
	}
	if err != nil {
		return "", fmt.Errorf("the name of the machine can't be that of a node: %w; set cluster.node", err)
	}
	return name, nil
}

// nodeName is what a node or a cluster can be called: what NATS, log lines and URLs take as it is.
var nodeName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func checkNodeName(name string) error {
	if !nodeName.MatchString(name) {
		return fmt.Errorf("%q is no name; use up to 64 letters, digits, dots, - and _", name)
	}
	return nil
}

func (c *Cluster) settle(d *decoder, brokerURL string) {
	for key, name := range map[string]string{"cluster.name": c.Name, "cluster.node": c.Node} {
		if err := checkNodeName(name); err != nil && !(key == "cluster.node" && name == "") {
			d.wrong(key, "%s: %v", key, err)
		}
	}
	for i, endpoint := range c.Endpoints {
		if err := checkEndpoint(endpoint); err != nil {
			d.wrong(fmt.Sprintf("cluster.endpoints[%d]", i), "cluster.endpoints: %v", err)
		}
	}
	if !c.Enabled() {
		return
	}
	if brokerURL != "" {
		d.wrong("cluster.peers", "cluster.peers and broker.url are both given: nodes that share an external NATS server find each other there; leave one of them out")
		return
	}
	for i, peer := range c.Peers {
		address, err := parsePeer(peer)
		if err != nil {
			d.wrong(fmt.Sprintf("cluster.peers[%d]", i), "cluster.peers: %v", err)
			continue
		}
		c.Peers[i] = address
	}
	if d.address("cluster.listen", &c.Listen) && c.Listen == "" {
		d.wrong("cluster.listen", "cluster.listen is empty, so no other node could connect; write HOST:PORT, as in :6222")
	}
	if c.Advertise != "" {
		address, err := parsePeer(c.Advertise)
		if err != nil {
			d.wrong("cluster.advertise", "cluster.advertise: %v", err)
		}
		c.Advertise = address
	}
	c.settleSecret(d)
}

// settleSecret checks what nodes know each other by.
func (c *Cluster) settleSecret(d *decoder) {
	switch n := len(c.Secret); {
	case n > 0 && c.SecretFile != "":
		d.wrong("cluster.secret", "cluster.secret and cluster.secret_file are both given; leave one of them out")
	case n == 0 && c.SecretFile == "":
		d.wrong("cluster.peers", "cluster.peers needs cluster.secret or cluster.secret_file, by which nodes know each other; make one with: openssl rand -base64 48")
	case n > 0 && n < minSecretBytes:
		d.wrong("cluster.secret", "cluster.secret: it has %d bytes, and needs at least %d; make one with: openssl rand -base64 48", n, minSecretBytes)
	}
	given := 0
	for _, file := range []string{c.Certificate, c.Key, c.CA} {
		if file != "" {
			given++
		}
	}
	if given != 0 && given != 3 {
		d.wrong("cluster.certificate", "cluster.certificate, cluster.key and cluster.ca belong together; give all three, or none")
	}
}

// parsePeer checks where another node is, and returns it with its port.
func parsePeer(peer string) (string, error) {
	host, port, err := net.SplitHostPort(peer)
	if err != nil { // perhaps it has no port
		host, port, err = net.SplitHostPort(net.JoinHostPort(peer, DefaultClusterPort))
	}
	number, portErr := strconv.ParseUint(port, 10, 16)
	if err != nil || portErr != nil || number == 0 || host == "" || slices.ContainsFunc([]rune(host), notInHost) {
		return "", fmt.Errorf("%q is no address of a node; write HOST:PORT, as in a.internal:6222", peer)
	}
	return net.JoinHostPort(host, port), nil
}

func notInHost(r rune) bool {
	return r <= ' ' || r == '/' || r == '@' || r == '?' || r == '#' || r == ','
}

// checkEndpoint refuses what clients could not connect to.
func checkEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "wss" && u.Scheme != "ws" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%q is no base URL for clients; write wss://HOST or wss://HOST:PORT", endpoint)
	}
	return nil
}
