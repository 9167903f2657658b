package schema

import (
	"fmt"
	"slices"
	"strings"
)

// Change is a place where a schema may refuse what an older one allowed.
type Change struct {
	Path   string // a JSON Pointer into the newer schema
	What   string // has changed
	Unsure bool   // nobody can tell whether it refuses more
}

// String returns all of it in a line.
func (c Change) String() string {
	if c.Path == "" {
		return c.What
	}
	return "at " + c.Path + ": " + c.What
}

// Breaking returns where next may refuse what old allowed; old is nil if anything was. It compares keyword by
// keyword, so it may name a change that another keyword makes up for, and says so where it can't compare.
func Breaking(old, next *Schema) []Change {
	before := place{value: true}
	if old != nil {
		before = place{schema: old, url: old.root, value: old.documents[old.root]}
	}
	c := &comparison{seen: map[[2]string]bool{}, left: maxComparisons}
	c.compare(before, place{schema: next, url: next.root, value: next.documents[next.root]})
	if c.left < 0 {
		c.unsure(place{}, "there is too much to compare")
	}
	return c.found
}

// maxComparisons bounds what alternatives of alternatives cost.
const maxComparisons = 100_000

// comparison collects what has changed.
type comparison struct {
	seen  map[[2]string]bool // places that are being compared, or have been
	left  int
	found []Change
}

func (c *comparison) report(at place, format string, args ...any) {
	c.add(Change{Path: at.pointer, What: fmt.Sprintf(format, args...)})
}

func (c *comparison) unsure(at place, format string, args ...any) {
	c.add(Change{Path: at.pointer, What: fmt.Sprintf(format, args...), Unsure: true})
}

// add notes what has changed, once.
func (c *comparison) add(changes ...Change) {
	for _, one := range changes {
		if !slices.Contains(c.found, one) {
			c.found = append(c.found, one)
		}
	}
}

// try compares two places on their own.
func (c *comparison) try(old, next place) []Change {
	alone := &comparison{seen: c.seen, left: c.left}
	alone.compare(old, next)
	c.left = alone.left
	return alone.found
}

// best compares several places with one, and reports what the one that differs least would report.
func (c *comparison) best(olds []place, next place) {
	var least []Change
	for i, old := range olds {
		if found := c.try(old, next); i == 0 || len(found) <= len(least) {
			least = found
		}
	}
	c.add(least...)
}

// compare reports what next refuses and old did not.
func (c *comparison) compare(old, next place) {
	oldEnd, oldKnown := old.follow()
	nextEnd, nextKnown := next.follow()
	if !oldKnown || !nextKnown {
		c.unsure(next, "it refers to what can't be followed here")
		return
	}
	old, next = oldEnd, nextEnd
	pair := [2]string{old.String(), next.String()}
	if c.left--; c.left < 0 || c.seen[pair] {
		return
	}
	c.seen[pair] = true
	defer delete(c.seen, pair)
	switch {
	case next.value == true || old.value == false:
		return
	case next.value == false:
		c.report(next, "nothing is allowed here any more")
		return
	}
	for _, keyword := range next.keywords() {
		if compare := comparisonOf(keyword); compare != nil {
			compare(c, old, next, keyword)
		}
	}
	c.compareLost(old, next)
}

// keyword compares what two schemas, which are objects or true, say with one keyword, which the newer one has.
type keyword func(c *comparison, old, next place, name string)

// comparisonOf returns how to compare a keyword that may refuse something. There is none for those that only
// tell something, or that belong to others.
func comparisonOf(name string) keyword {
	switch name {
	case "$ref":
		return compareRef
	case "type":
		return compareTypes
	case "enum", "const":
		return compareValues
	case "minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains":
		return least
	case "maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains":
		return most
	case "multipleOf", "pattern", "format":
		return changed
	case "uniqueItems":
		return compareUnique
	case "required":
		return compareRequired
	case "properties":
		return compareProperties
	case "additionalProperties", "items", "contains", "propertyNames":
		return compareBelow
	case "prefixItems":
		return comparePrefix
	case "allOf":
		return compareAllOf
	case "anyOf":
		return compareAnyOf
	case "oneOf", "not", "if", "then", "else", "patternProperties", "dependentRequired", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems":
		return opaque
	}
	return nil
}

// compareLost looks at members and items that only the older schema names: they fall under what the newer one
// says of all others.
func (c *comparison) compareLost(old, next place) {
	others, strict := next.below("additionalProperties")
	if _, byPattern := next.below("patternProperties"); strict && !byPattern {
		for _, name := range old.names("properties") {
			if _, kept := next.below("properties", name); !kept {
				was, _ := old.below("properties", name)
				if others.value == false && was.value != false {
					c.report(next, "the member %q is not allowed any more", name)
				} else {
					c.compare(was, others)
				}
			}
		}
	}
	others, strict = next.below("items")
	for i := next.length("prefixItems"); strict && i < old.length("prefixItems"); i++ {
		was, _ := old.below("prefixItems", fmt.Sprint(i))
		c.compare(was, others)
	}
}

// quotedList writes values as JSON, a few of them.
func quotedList(values []string) string {
	const most = 5
	slices.Sort(values)
	if len(values) > most {
		return strings.Join(values[:most], ", ") + fmt.Sprintf(" and %d more", len(values)-most)
	}
	return strings.Join(values, ", ")
}
