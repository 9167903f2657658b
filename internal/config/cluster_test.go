package config

import (
	"os"
	"reflect"
	"testing"
)

// defaultCluster is the section of who says nothing about it.
var defaultCluster = Cluster{Name: "holdfast", Listen: ":6222", Replicas: 3}

const clustered = "cluster: {secret: " + goodSecret + ", peers: [a:6222], "

func TestEverythingAboutTheClusterCanBeSet(t *testing.T) {
	got := mustLoad(t, Options{File: fileWith(t, `
cluster:
  name: prod
  node: a
  listen: 10.0.0.1:7222
  peers: [a.internal:6222, b.internal, "[fd00::1]:7222", "fd00::2"]
  advertise: a.internal
  secret: `+goodSecret+`
  certificate: node.pem
  key: node.key
  ca: ca.pem
  endpoints: [wss://a.example.com, "wss://a.example.com:8443/"]
  replicas: 5
`)}).Cluster
	want := Cluster{
		Name: "prod", Node: "a", Listen: "10.0.0.1:7222",
		Peers:     []string{"a.internal:6222", "b.internal:6222", "[fd00::1]:7222", "[fd00::2]:6222"},
		Advertise: "a.internal:6222", Secret: goodSecret, Certificate: "node.pem", Key: "node.key", CA: "ca.pem",
		Endpoints: []string{"wss://a.example.com", "wss://a.example.com:8443/"}, Replicas: 5,
	}
	if !reflect.DeepEqual(got, want) || !got.Enabled() {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestANodeIsCalledLikeItsMachineUnlessItHasAName(t *testing.T) {
	if name, err := (&Cluster{Node: "a"}).NodeName(); name != "a" || err != nil {
		t.Errorf("got %q, %v", name, err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if name, err := (&Cluster{}).NodeName(); name != host || err != nil {
		t.Errorf("got %q, %v", name, err)
	}
}

func TestMistakesAboutTheClusterAreToldWithWhatToDo(t *testing.T) {
	for text, want := range map[string]string{
		"cluster: {peers: [a:6222]}":                                      "cluster.peers needs cluster.secret or cluster.secret_file, by which nodes know each other; make one with: openssl rand -base64 48",
		"cluster: {peers: [a:6222], secret: swordfish}":                   "cluster.secret: it has 9 bytes, and needs at least 32; make one with: openssl rand -base64 48",
		clustered + "secret_file: s}":                                     "cluster.secret and cluster.secret_file are both given; leave one of them out",
		clustered + "certificate: c}":                                     "cluster.certificate, cluster.key and cluster.ca belong together; give all three, or none",
		clustered + "listen: ''}":                                         "cluster.listen is empty, so no other node could connect; write HOST:PORT, as in :6222",
		clustered + "advertise: 'a:'}":                                    `cluster.advertise: "a:" is no address of a node; write HOST:PORT, as in a.internal:6222`,
		clustered + "node: 'a b'}":                                        `cluster.node: "a b" is no name; use up to 64 letters, digits, dots, - and _`,
		"cluster: {name: ''}":                                             `cluster.name: "" is no name; use up to 64 letters, digits, dots, - and _`,
		"cluster: {replicas: 6}":                                          "cluster.replicas: 6 is too large; the most is 5",
		"cluster: {endpoints: [a.example.com]}":                           `cluster.endpoints: "a.example.com" is no base URL for clients; write wss://HOST or wss://HOST:PORT`,
		"cluster: {endpoints: ['https://a.example.com/socket']}":          `cluster.endpoints: "https://a.example.com/socket" is no base URL for clients; write wss://HOST or wss://HOST:PORT`,
		"cluster: {peers: ['nats://a:6222'], secret: " + goodSecret + "}": `cluster.peers: "nats://a:6222" is no address of a node; write HOST:PORT, as in a.internal:6222`,
		"cluster: {peers: ['a:0'], secret: " + goodSecret + "}":           `cluster.peers: "a:0" is no address of a node; write HOST:PORT, as in a.internal:6222`,
		"{broker: {url: nats://n}, cluster: {peers: [a]}}":                "cluster.peers and broker.url are both given: nodes that share an external NATS server find each other there; leave one of them out",
	} {
		if got := problems(t, Options{File: fileWith(t, text)}); got != "F:1: "+want {
			t.Errorf("%s says\n  %s\nwant\n  F:1: %s", text, got, want)
		}
	}
}

func TestANodeOfAnExternalServerHasANameAndEndpoints(t *testing.T) {
	c := mustLoad(t, Options{File: fileWith(t, "broker: {url: nats://n}\ncluster: {node: a, endpoints: [wss://a.example.com]}")})
	if c.Cluster.Enabled() || c.Cluster.Node != "a" || len(c.Cluster.Endpoints) != 1 {
		t.Errorf("got %+v", c.Cluster)
	}
}

func TestTheSecretOfTheClusterCanBeInAVariableAndIsNotPrinted(t *testing.T) {
	c := mustLoad(t, Options{Environ: []string{"HOLDFAST_CLUSTER_PEERS=a:6222,b:6222", "HOLDFAST_CLUSTER_SECRET=" + goodSecret}})
	if len(c.Cluster.Peers) != 2 || string(c.Cluster.Secret) != goodSecret || c.Cluster.Secret.String() != "(secret)" {
		t.Errorf("got %+v", c.Cluster)
	}
}
