package policy

import (
	"math"
	"strings"
)

// node is a tree of patterns by their segments: patterns that begin with the same segments share
// the way down. Rules are numbers here, and the least number wins.
type node struct {
	next map[string]*node // by segment, "+" among them; a "#" is in rest instead
	here int              // the first rule whose pattern ends here; none if there is none
	rest int              // the first rule whose pattern has only a "#" after here, or none
	best int              // the least of here and rest in this node and below
}

const none = math.MaxInt

func newNode() *node {
	return &node{next: map[string]*node{}, here: none, rest: none, best: none}
}

// add puts a rule into the tree, under what is left of its pattern below n.
func (n *node) add(pattern string, rule int) {
	n.best = min(n.best, rule)
	switch pattern {
	case "":
		n.here = min(n.here, rule)
		return
	case "#":
		n.rest = min(n.rest, rule)
		return
	}
	segment, below, _ := strings.Cut(pattern, "/")
	child := n.next[segment]
	if child == nil {
		child = newNode()
		n.next[segment] = child
	}
	child.add(below, rule)
}

// first returns the least rule below best whose pattern matches what is left of a name, or best.
func (n *node) first(name string, best int) int {
	if n.best >= best {
		return best
	}
	best = min(best, n.rest)
	if name == "" {
		return min(best, n.here)
	}
	segment, below, _ := strings.Cut(name, "/")
	if child := n.next[segment]; child != nil {
		best = child.first(below, best)
	}
	if child := n.next["+"]; child != nil {
		best = child.first(below, best)
	}
	return best
}
