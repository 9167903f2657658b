package api

import (
	"fmt"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

// trouble is something about the cluster that somebody has to know, or do something about.
type trouble struct {
	Kind string `json:"kind"` // one of few, which are stable
	Fail bool   `json:"fail"` // something does not work; otherwise it may come to that
	Node string `json:"node,omitzero"`
	What string `json:"what"`
	Do   string `json:"do,omitzero"`
}

// When something is to be said.
const (
	maxSkew = time.Second // of a clock
	minFree = 1 << 30     // bytes on a disk
	maxLag  = 1000        // operations that a copy of a log lacks
	// reborn is how long a node that was killed may be known beside the one that was started in its place.
	reborn = 10 * time.Second
)

// findTrouble says what is wrong, the worst first.
func (a *clusterAnswer) findTrouble() {
	a.noQuorum()
	a.ofNames()
	for i := range a.Nodes {
		a.ofNode(&a.Nodes[i])
	}
	for _, name := range a.Unanswered {
		a.says(trouble{Kind: "unanswered", Fail: true, Node: name, What: "the node " + name + " does not answer the others",
			Do: "look at its log; if it hangs, restart it"})
	}
	for i := range a.Logs {
		a.ofLog(&a.Logs[i])
	}
	for _, n := range a.Nodes {
		if n.State != gone { // of one that is, there is more to say
			a.ofCopies(n.Name)
		}
	}
	a.ofVersions()
	if q := a.Quorum; q != nil && q.Members > 1 && q.Members%2 == 0 {
		a.says(trouble{Kind: "even", What: fmt.Sprintf("there are %d nodes, which bear the loss of %d as %d would", q.Members, (q.Members-1)/2, q.Members-1),
			Do: "add one more, or remove one"})
	}
}

func (a *clusterAnswer) says(t trouble) { a.Trouble = append(a.Trouble, t) }

// noQuorum says what does not work, and what does, while too few nodes are here.
func (a *clusterAnswer) noQuorum() {
	q := a.Quorum
	if q == nil || q.OK {
		return
	}
	since := ""
	if !q.Since.IsZero() {
		since = " since " + q.Since.UTC().Format(time.RFC3339)
	}
	var missing []string
	for _, n := range a.Nodes {
		if n.State == gone {
			missing = append(missing, n.Name)
		}
	}
	what := fmt.Sprintf("%d of %d nodes are here, and %d are needed: what is published to channels with history is refused%s; channels without history, and reading what this node has, go on", q.Here, q.Members, q.Needed, since)
	if q.Here >= q.Needed {
		what = "the nodes have not agreed on who leads" + since + "; what is published to channels with history is refused until they have, within seconds"
	}
	do := "see why the nodes do not see each other, or start those that are missing"
	if len(missing) > 0 {
		do = "start again: " + strings.Join(missing, ", ")
		if 2*q.Here <= q.Members {
			do += "; only if they are lost for ever, with their disks: holdfast cluster rescue --lost " + strings.Join(missing, ",") + " (docs/cluster.md)"
		}
	}
	a.says(trouble{Kind: "no_quorum", Fail: true, What: what, Do: do})
}

// ofNames says which nodes can't be told apart. The nodes are in the order of their names.
func (a *clusterAnswer) ofNames() {
	for i := 1; i < len(a.Nodes); i++ {
		one, other := &a.Nodes[i-1], &a.Nodes[i]
		if a.Quorum == nil || one.Name != other.Name || time.Since(one.Started) < reborn || time.Since(other.Started) < reborn {
			continue
		}
		a.says(trouble{Kind: "name", Fail: true, Node: one.Name,
			What: "two nodes have the name " + one.Name + ", and count as one for the majority: what is acknowledged may be on fewer nodes than is said",
			Do:   "stop the one that was started later, give it a cluster.node of its own, and start it with an empty data directory"})
	}
}

// ofNode says what is wrong with one node.
func (a *clusterAnswer) ofNode(n *clusterNode) {
	switch n.State {
	case gone:
		a.says(trouble{Kind: "gone", Fail: true, Node: n.Name, What: "the node " + n.Name + " is not here, and counts for the majority",
			Do: "start it again; or, if it is not to come back: holdfast cluster remove " + n.Name})
		return
	case cluster.NotReady, cluster.Starting:
		a.says(trouble{Kind: "not_ready", Fail: true, Node: n.Name, What: fmt.Sprintf("the node %s is not ready: %s", n.Name, n.Reason), Do: "its log tells more"})
	}
	if skew := time.Duration(n.SkewMillis) * time.Millisecond; skew.Abs() > maxSkew {
		a.says(trouble{Kind: "clock", Node: n.Name, What: fmt.Sprintf("the clock of %s is %s off", n.Name, skew.Abs().Round(100*time.Millisecond)),
			Do: "let it be set by NTP: tokens expire by it, and messages"})
	}
	if n.FreeBytes > 0 && n.FreeBytes < minFree {
		a.says(trouble{Kind: "disk", Node: n.Name, What: fmt.Sprintf("the disk of %s has %d MiB free; nothing is stored below 128", n.Name, n.FreeBytes>>20), Do: "make room on it"})
	}
	if len(n.Endpoints) == 0 && len(a.Nodes) > 1 {
		a.says(trouble{Kind: "endpoints", Node: n.Name, What: "nobody knows where clients reach " + n.Name + " alone, so that other nodes can't send theirs to it",
			Do: "set cluster.endpoints there"})
	}
	if a.Quorum != nil && !n.Member {
		a.says(trouble{Kind: "no_member", Node: n.Name, What: "the node " + n.Name + " serves clients, but keeps no logs", Do: "wait some seconds; if it stays so, look at its log"})
	}
}

// ofLog says what is wrong with the copies of a log.
func (a *clusterAnswer) ofLog(l *clusterLog) {
	if a.Quorum == nil {
		return
	}
	if l.Leader == "" {
		a.says(trouble{Kind: "log", Fail: true, What: "no node leads the log of " + l.Channels + ", so that it stores nothing", Do: "wait some seconds; if it stays so, start the nodes that have it"})
	}
	if l.Replicas < 3 && a.Quorum.Members >= 3 {
		a.says(trouble{Kind: "replicas", What: fmt.Sprintf("the log of %s is on %d nodes only", l.Channels, l.Replicas), Do: "wait: it is copied to more as soon as they are there"})
	}
}

// ofCopies says once what a node's copies of all logs lack.
func (a *clusterAnswer) ofCopies(node string) {
	if a.Quorum == nil {
		return
	}
	behind, most := 0, logReplica{}
	of := ""
	for _, l := range a.Logs {
		for _, r := range l.Others {
			if r.Node != node || r.Offline || r.Current {
				continue
			}
			if behind++; of == "" || r.Lag > most.Lag {
				most, of = r, l.Channels
			}
		}
	}
	if behind == 0 {
		return
	}
	what := node + " has not all of the log of " + of + " yet"
	if most.Lag > maxLag {
		what = fmt.Sprintf("%s is %d operations behind in the log of %s", node, most.Lag, of)
	}
	if behind > 1 {
		what += fmt.Sprintf(", and not all of %d more", behind-1)
	}
	a.says(trouble{Kind: "lag", Node: node, What: what, Do: "wait before another node is stopped"})
}

// ofVersions says which nodes are of another minor version than the one that answers.
func (a *clusterAnswer) ofVersions() {
	own := ""
	for _, n := range a.Nodes {
		if n.Name == a.Node {
			own = n.Version
		}
	}
	for _, n := range a.Nodes {
		if n.State != gone && !cluster.Compatible(own, n.Version) {
			a.says(trouble{Kind: "version", Node: n.Name, What: fmt.Sprintf("%s is of version %s, and %s of %s: nodes of one minor version understand each other, and of others only by chance", n.Name, n.Version, a.Node, own),
				Do: "update the older ones, one after the other, and do not stay in between"})
		}
	}
}
