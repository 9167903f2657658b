package client

// mostRepeats is of how many messages at least the ids are remembered, and half of how many at most.
const mostRepeats = 512

// repeats remembers the ids of the newest messages of a subscription that have no offset, by which a repeat is known: one
// that a publisher has sent again after a drop, or that comes on both connections of a client that moves.
type repeats struct{ newer, older map[repeatKey]struct{} }

type repeatKey struct{ channel, id string }

// has tells whether such a message has come.
func (r *repeats) has(k repeatKey) bool {
	_, newer := r.newer[k]
	_, older := r.older[k]
	return newer || older
}

// add remembers a message.
func (r *repeats) add(k repeatKey) {
	if r.newer == nil || len(r.newer) == mostRepeats {
		r.newer, r.older = make(map[repeatKey]struct{}), r.newer
	}
	r.newer[k] = struct{}{}
}
