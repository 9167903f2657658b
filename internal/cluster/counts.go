package cluster

import "sync/atomic"

// counters are what Counts tells.
type counters struct {
	sent, sentBytes, taken, takenBytes atomic.Int64
	unsent, dropped, unreadable, busy  atomic.Int64
	holes, gaps, came, went            atomic.Int64
}

// Counts is what has happened on the bus since the start.
type Counts struct {
	Sent, SentBytes   int64 // frames that this node has told
	Taken, TakenBytes int64 // frames of other nodes
	Unsent            int64 // could not be sent, while there was no connection
	Dropped           int64 // times that NATS dropped what this node did not take in time
	Unreadable        int64
	Busy              int64 // questions that were not answered, because too many were being answered
	Holes             int64 // times that changes of a table were missed, and its rows fetched anew
	Gaps              int64 // times that something was missed in a flow
	Came, Went        int64 // other nodes
}

// Counts returns what has happened on the bus since the start.
func (c *Cluster) Counts() Counts {
	n := &c.counts
	return Counts{
		Sent: n.sent.Load(), SentBytes: n.sentBytes.Load(), Taken: n.taken.Load(), TakenBytes: n.takenBytes.Load(),
		Unsent: n.unsent.Load(), Dropped: n.dropped.Load(), Unreadable: n.unreadable.Load(), Busy: n.busy.Load(),
		Holes: n.holes.Load(), Gaps: n.gaps.Load(), Came: n.came.Load(), Went: n.went.Load(),
	}
}
