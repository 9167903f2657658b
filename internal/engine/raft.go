package engine

import (
	"sync"
	"time"

	_ "unsafe" // for go:linkname
)

// JetStream takes a leader for dead after four to nine seconds without a heartbeat, and has no setting for it. These are
// its variables. When they get other names there, these are of nobody, and zero: Start warns, and a test fails.
//
//go:linkname raftHeartbeat github.com/nats-io/nats-server/v2/server.hbInterval
//go:linkname raftMinElection github.com/nats-io/nats-server/v2/server.minElectionTimeout
//go:linkname raftMaxElection github.com/nats-io/nats-server/v2/server.maxElectionTimeout
//go:linkname raftLostQuorum github.com/nats-io/nats-server/v2/server.lostQuorumInterval
//go:linkname raftLostQuorumCheck github.com/nats-io/nats-server/v2/server.lostQuorumCheck
var (
	raftHeartbeat       time.Duration
	raftMinElection     time.Duration
	raftMaxElection     time.Duration
	raftLostQuorum      time.Duration
	raftLostQuorumCheck time.Duration
)

// What holds in place of 1 s, 4 to 9 s, 10 s and 10 s: see docs/decisions/0025-elections.md.
const (
	heartbeat       = 200 * time.Millisecond
	minElection     = 750 * time.Millisecond
	maxElection     = 1500 * time.Millisecond
	lostQuorum      = 2500 * time.Millisecond // a leader that hears no majority for so long steps down
	lostQuorumCheck = 500 * time.Millisecond
)

// hasten sets JetStream's times, before the first clustered server of the process starts, and tells whether it could.
var hasten = sync.OnceValue(func() bool {
	for _, its := range []time.Duration{raftHeartbeat, raftMinElection, raftMaxElection, raftLostQuorum, raftLostQuorumCheck} {
		if its == 0 { // which none of JetStream's is
			return false
		}
	}
	raftHeartbeat, raftMinElection, raftMaxElection = heartbeat, minElection, maxElection
	raftLostQuorum, raftLostQuorumCheck = lostQuorum, lostQuorumCheck
	return true
})
