package engine

import (
	"context"
	"log/slog"
	"regexp"
	"strings"
	"time"
)

// What the server says of other nodes is said in words of ours, because who reads it has a cluster of Holdfast, and not
// each second anew.
const (
	toldAgain = time.Minute
	maxTold   = 256 // nodes and what is wrong with them
)

// remark is what we say when the server says something.
type remark struct {
	says  string // a part of it
	level slog.Level
	words string // "" for nothing at all
}

const interrupted = "a connection between nodes has ended with an error; connecting again"

var remarks = []remark{
	{"handshake error: read tcp", slog.LevelInfo, interrupted},
	{"handshake error: write tcp", slog.LevelInfo, interrupted},
	{"handshake error: EOF", slog.LevelInfo, interrupted},
	{"TLS route handshake error", slog.LevelWarn, "a connection between nodes was refused, because one of both can't prove that it belongs to the cluster; give both the same cluster.secret and cluster.name, or certificates of the same authorities"},
	{"Authorization Violation", slog.LevelWarn, "a connection between nodes was refused, because they have not the same cluster.secret; give both the same"},
	{"authentication error", slog.LevelWarn, "a connection between nodes was refused, because they have not the same cluster.secret; give both the same"},
	{"Duplicate Route", slog.LevelDebug, ""},
	{"Rejecting connection, cluster name", slog.LevelWarn, "a connection between nodes was refused, because they have not the same cluster.name"},
	{"Remote server has a duplicate name", slog.LevelWarn, "another node has the name of this one; give each node a cluster.node of its own"},
	{"Error trying to connect to route", slog.LevelInfo, "another node can't be reached; trying again"},
	{"Waiting for routing to be established", slog.LevelDebug, ""}, // AwaitQuorum says whom it waits for
	{"rid:", slog.LevelInfo, interrupted}, // of any other kind
	{"has not established contact with a meta leader", slog.LevelDebug, ""},
	{"Metalayer blocking snapshot", slog.LevelDebug, ""},  // some milliseconds, at start and end
	{"detected stream remapping", slog.LevelDebug, ""},    // it is copied to more nodes
	{"lid:", slog.LevelDebug, ""},                         // the companion comes or goes
	{"resetting first sequence", slog.LevelDebug, ""},     // of a log that is copied to more nodes
	{"Plaintext passwords detected", slog.LevelDebug, ""}, // it is made at each start, and stays in the process
	{"InsecureSkipVerify", slog.LevelDebug, ""},           // givenTLS verifies
}

var (
	remoteAddress = regexp.MustCompile(`[0-9a-fA-F.:\[\]]+:[0-9]+`)
	remotePort    = regexp.MustCompile(`:[0-9]+ - rid:`)
)

// translate says it in words of ours, if there are any for it.
func (l *serverLog) translate(text string) bool {
	for _, r := range remarks {
		if !strings.Contains(text, r.says) {
			continue
		}
		address := remoteAddress.FindString(text)
		key := r.says + address
		if remotePort.MatchString(text) { // it came from there, and has another port the next time
			key = r.says + strings.TrimRight(address, "0123456789")
		}
		if r.words != "" && l.due(key) {
			l.log.Log(context.Background(), r.level, r.words, "address", address, "nats", text)
		}
		return true
	}
	return false
}

// due tells whether something is to be said again.
func (l *serverLog) due(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if now.Sub(l.told[key]) < toldAgain {
		return false
	}
	if l.told == nil || len(l.told) >= maxTold {
		l.told = map[string]time.Time{}
	}
	l.told[key] = now
	return true
}
