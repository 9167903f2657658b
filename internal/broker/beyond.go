package broker

import (
	"errors"
	"time"
)

// heardWithin is how long ago a leader may have heard from a replica that still counts as its follower: less than it takes
// the replicas of a log to elect another leader.
const heardWithin = 700 * time.Millisecond

// errBehind is what whoever knows less than its reader answers with.
var errBehind = errors.New("this part of the cluster is behind the position; it has to hear from the other nodes first")

// beyond tells whether an offset is beyond the end of the log, so that it is from another world: from before a log lost its
// newest messages. In a log with several replicas it hardly ever is. Nothing that was acknowledged is lost there but with
// the epoch; but a node that was cut off, and a leader that does not know yet that there is another one, see an end that
// is long past. So a leader is believed that has just heard from a majority; from others the error is ErrUnavailable.
func (i *streamInfo) beyond(after uint64) (bool, error) {
	switch {
	case after <= i.State.Last:
		return false, nil
	case i.whole():
		return true, nil
	}
	return false, unavailable(errBehind)
}

// whole tells whether all that is stored in the log was known to whoever gave the answer.
func (i *streamInfo) whole() bool {
	replicas, err := setting[int](i, "num_replicas")
	if err != nil || i.near {
		return false
	}
	replicas = max(replicas, len(i.Cluster.Replicas)+1)
	heard := 1 // the leader itself
	for _, r := range i.Cluster.Replicas {
		if r.Active > 0 && r.Active <= heardWithin {
			heard++
		}
	}
	return heard > replicas/2
}
