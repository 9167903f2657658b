package schema

import (
	"encoding/json"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// compareRef compares a reference that has other keywords beside it.
func compareRef(c *comparison, old, next place, _ string) {
	to, ok := next.target()
	if !ok {
		c.unsure(next, "it refers to what can't be followed here")
		return
	}
	olds := []place{old}
	if was, ok := old.target(); ok && old.get("$ref") != nil {
		olds = append(olds, was)
	}
	c.best(olds, to)
}

func compareTypes(c *comparison, old, next place, _ string) {
	now, was := texts(next.get("type")), texts(old.get("type"))
	if slices.Contains(now, "number") {
		now = append(now, "integer")
	}
	if len(was) == 0 {
		c.report(next, "it has to be of type %s now", quotedList(texts(next.get("type"))))
		return
	}
	if gone := without(was, now); len(gone) > 0 {
		c.report(next, "it may not be of type %s any more", quotedList(gone))
	}
}

// compareValues compares enum and const.
func compareValues(c *comparison, old, next place, name string) {
	was, now := values(old), values(next)
	if name == "const" && next.get("enum") != nil {
		return // compared with enum
	}
	if was == nil {
		c.report(next, "it has to be one of %s now", quotedList(now))
		return
	}
	if gone := without(was, now); len(gone) > 0 {
		c.report(next, "it may not be %s any more", quotedList(gone))
	}
}

// values returns what enum and const allow, in the form that is the same for equal values.
func values(p place) []string {
	list, _ := p.get("enum").([]any)
	if object, _ := p.value.(map[string]any); object != nil {
		if one, ok := object["const"]; ok {
			list = []any{one}
		}
	}
	var all []string
	for _, v := range list {
		all = append(all, string(appendForm(nil, v)))
	}
	return all
}

// least compares a lower bound.
func least(c *comparison, old, next place, name string) { bound(c, old, next, name, 1) }

// most compares an upper bound.
func most(c *comparison, old, next place, name string) { bound(c, old, next, name, -1) }

// bound reports a bound that is new, or has moved in a direction.
func bound(c *comparison, old, next place, name string, direction int) {
	now, was := number(next.get(name)), number(old.get(name))
	if was == nil && direction > 0 && name[:3] == "min" && name != "minimum" {
		was = new(big.Rat) // of lengths
	}
	switch {
	case now == nil:
	case was == nil:
		c.report(next, "%s is %s now, and was not there", name, now.RatString())
	case now.Cmp(was) == direction:
		c.report(next, "%s is %s now, and was %s", name, now.RatString(), was.RatString())
	}
}

func number(v any) *big.Rat {
	text, ok := v.(json.Number)
	if !ok {
		return nil
	}
	exact, _ := new(big.Rat).SetString(text.String()) // it is one, and not too long
	return exact
}

// changed compares a keyword that allows something else with each value.
func changed(c *comparison, old, next place, name string) {
	if was, now := old.get(name), next.get(name); was == nil {
		c.report(next, "%s is %v now, and was not there", name, now)
	} else if was != now {
		c.report(next, "%s is %v now, and was %v", name, now, was)
	}
}

func compareUnique(c *comparison, old, next place, _ string) {
	if next.get("uniqueItems") == true && old.get("uniqueItems") != true {
		c.report(next, "its items have to differ now")
	}
}

func compareRequired(c *comparison, old, next place, _ string) {
	for _, name := range without(texts(next.get("required")), texts(old.get("required"))) {
		c.report(next, "the member %q is required now", name)
	}
}

func compareProperties(c *comparison, old, next place, _ string) {
	for _, name := range next.names("properties") {
		now, _ := next.below("properties", name)
		was, named := old.below("properties", name)
		if _, byPattern := old.below("patternProperties"); !named && byPattern && now.value != true {
			c.unsure(now, "it may have been held to patternProperties before")
			continue
		}
		if !named {
			was = old.or(anything, "additionalProperties")
		}
		c.compare(was, now)
	}
}

// compareBelow compares a keyword that is a schema for something below.
func compareBelow(c *comparison, old, next place, name string) {
	now, _ := next.below(name)
	was, there := old.below(name)
	switch {
	case now.value == false && name == "additionalProperties" && was.value != false:
		c.report(next, "other members than those named are not allowed any more")
	case name == "contains" && !there:
		c.report(next, "it has to contain something now")
	case there:
		c.compare(was, now)
	default:
		c.compare(anything, now)
	}
}

func comparePrefix(c *comparison, old, next place, _ string) {
	for i, now := range next.list("prefixItems") {
		c.compare(old.or(old.or(anything, "items"), "prefixItems", strconv.Itoa(i)), now)
	}
}

// compareAllOf compares each part with what is most like it: all of the older schema, or a part of it.
func compareAllOf(c *comparison, old, next place, _ string) {
	for _, now := range next.list("allOf") {
		c.best(append([]place{old}, old.list("allOf")...), now)
	}
}

// compareAnyOf looks for an alternative that allows all that an alternative did.
func compareAnyOf(c *comparison, old, next place, _ string) {
	olds := old.list("anyOf")
	if olds == nil {
		olds = []place{old}
	}
	for _, was := range olds {
		if !slices.ContainsFunc(next.list("anyOf"), func(now place) bool { return len(c.try(was, now)) == 0 }) {
			c.report(next, "no alternative of anyOf allows all that %s of the older schema does", place{pointer: was.pointer})
		}
	}
}

// opaque compares what can only be told to be the same.
func opaque(c *comparison, old, next place, name string) {
	was, now := old.get(name), next.get(name)
	switch {
	case was == nil && (name == "then" || name == "else") && next.get("if") == nil:
	case was == nil:
		c.report(next, "%s was not there", name)
	case !reflect.DeepEqual(was, now) || !reflect.DeepEqual(meant(old, references(was)), meant(next, references(now))):
		c.unsure(next, "%s has changed, and can't be compared", name)
	}
}

// references returns what the references in a part of a schema say.
func references(v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			all = append(all, ref)
		}
		for _, below := range v {
			all = append(all, references(below)...)
		}
	case []any:
		for _, below := range v {
			all = append(all, references(below)...)
		}
	}
	return all
}

// meant returns all that references may lead to: the definitions, or else everything.
func meant(p place, references []string) []any {
	if len(references) == 0 {
		return nil
	}
	documents := p.schema.documents
	if root, ok := documents[p.schema.root].(map[string]any); ok && !slices.ContainsFunc(references, func(ref string) bool { return !strings.HasPrefix(ref, "#/$defs/") }) {
		return []any{root["$defs"]}
	}
	all := []any{documents[p.schema.root]}
	for _, url := range slices.Sorted(maps.Keys(documents)) {
		all = append(all, documents[url])
	}
	return all
}

// texts returns a text, or a list of them, as a list.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// without returns those of list that are not in others.
func without(list, others []string) []string {
	var left []string
	for _, s := range list {
		if !slices.Contains(others, s) {
			left = append(left, s)
		}
	}
	return left
}
