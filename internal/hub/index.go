package hub

import (
	"strings"

	"github.com/tidwall/btree"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// index finds what belongs to a pattern, and everything whose pattern matches a channel. Channels
// without wildcards are in a map, the others in a tree by segment, so that finding the matches of a
// name costs one look-up and a walk along the patterns that begin like it: neither the number of
// channels nor that of unrelated patterns counts. It is guarded by its owner.
type index[T any] struct {
	exact map[channel.Pattern]T
	names btree.Set[string] // of the channels in exact, in order
	wild  node[T]
}

// node is the place of a pattern's prefix in the tree.
type node[T any] struct {
	below map[string]*node[T] // by segment; "+" and "#" are no segments of names
	value T
	set   bool // a pattern ends here
}

func (x *index[T]) get(p channel.Pattern) (value T, ok bool) {
	if _, plain := p.IsName(); plain {
		value, ok = x.exact[p]
		return value, ok
	}
	n := &x.wild
	for segment := range strings.SplitSeq(string(p), "/") {
		if n = n.below[segment]; n == nil {
			return value, false
		}
	}
	return n.value, n.set
}

func (x *index[T]) put(p channel.Pattern, value T) {
	if _, plain := p.IsName(); plain {
		if x.exact == nil {
			x.exact = make(map[channel.Pattern]T)
		}
		x.exact[p] = value
		x.names.Insert(string(p))
		return
	}
	n := &x.wild
	for segment := range strings.SplitSeq(string(p), "/") {
		next := n.below[segment]
		if next == nil {
			if n.below == nil {
				n.below = make(map[string]*node[T])
			}
			next = &node[T]{}
			n.below[segment] = next
		}
		n = next
	}
	n.value, n.set = value, true
}

// remove forgets a pattern that is in the index, and the places that only it needed.
func (x *index[T]) remove(p channel.Pattern) {
	if _, plain := p.IsName(); plain {
		delete(x.exact, p)
		x.names.Delete(string(p))
		return
	}
	x.wild.remove(string(p))
}

func (n *node[T]) remove(rest string) {
	segment, rest, more := strings.Cut(rest, "/")
	next := n.below[segment]
	if more {
		next.remove(rest)
	} else {
		var none T
		next.value, next.set = none, false
	}
	if !next.set && len(next.below) == 0 {
		delete(n.below, segment)
	}
}

// match appends the values of all patterns that match a channel. It allocates nothing if found has
// room.
func (x *index[T]) match(found []T, name channel.Name) []T {
	if value, ok := x.exact[name.Pattern()]; ok {
		found = append(found, value)
	}
	if len(x.wild.below) > 0 {
		found = x.wild.match(found, string(name), true)
	}
	return found
}

// match goes on below n with the rest of a name; more tells that there is one.
func (n *node[T]) match(found []T, rest string, more bool) []T {
	if every := n.below["#"]; every != nil {
		found = append(found, every.value)
	}
	if !more {
		if n.set {
			found = append(found, n.value)
		}
		return found
	}
	segment, rest, more := strings.Cut(rest, "/")
	if next := n.below[segment]; next != nil {
		found = next.match(found, rest, more)
	}
	if next := n.below["+"]; next != nil {
		found = next.match(found, rest, more)
	}
	return found
}

// all appends the values of all patterns.
func (x *index[T]) all(found []T) []T {
	for _, value := range x.exact {
		found = append(found, value)
	}
	return x.wild.all(found)
}

func (n *node[T]) all(found []T) []T {
	if n.set {
		found = append(found, n.value)
	}
	for _, next := range n.below {
		found = next.all(found)
	}
	return found
}
