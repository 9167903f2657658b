package schema

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// place is a part of a schema: where it is, and what is written there.
type place struct {
	schema  *Schema // nil for one that allows anything and is nowhere
	url     string  // of the document
	pointer string  // into it
	value   any     // an object, true or false
}

// String returns where the place is.
func (p place) String() string { return p.url + "#" + p.pointer }

// maxFollowed bounds the references that lead to others.
const maxFollowed = 32

// follow returns the place that a place refers to, if it does nothing else. It returns false if there is no
// way to get there.
func (p place) follow() (place, bool) {
	for range maxFollowed {
		object, _ := p.value.(map[string]any)
		if _, refers := object["$ref"]; !refers || slices.ContainsFunc(p.keywords(), func(k string) bool { return k != "$ref" && comparisonOf(k) != nil }) {
			return p, true
		}
		var ok bool
		if p, ok = p.target(); !ok {
			return p, false
		}
	}
	return p, false
}

// target returns what $ref names.
func (p place) target() (place, bool) {
	object, _ := p.value.(map[string]any)
	text, _ := object["$ref"].(string)
	base, err := url.Parse(p.url)
	if err != nil {
		return p, false
	}
	ref, err := base.Parse(text)
	if err != nil {
		return p, false
	}
	pointer := ref.Fragment
	ref.Fragment = ""
	to := place{schema: p.schema, url: ref.String()}
	if strings.HasPrefix(text, "#") {
		to.url = p.url
	}
	var ok bool
	if to.value, ok = p.schema.documents[to.url]; !ok || pointer != "" && !strings.HasPrefix(pointer, "/") {
		return p, false // of another name, or an anchor
	}
	if pointer == "" {
		return to, true
	}
	for token := range strings.SplitSeq(pointer[1:], "/") {
		if to, ok = to.below(pointerUnescape.Replace(token)); !ok {
			return p, false
		}
	}
	return to, true
}

var pointerUnescape = strings.NewReplacer("~1", "/", "~0", "~")

// below returns the place at a path of names and indexes below p, if there is one.
func (p place) below(path ...string) (place, bool) {
	for _, token := range path {
		switch v := p.value.(type) {
		case map[string]any:
			value, ok := v[token]
			if !ok {
				return place{}, false
			}
			p.value = value
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return place{}, false
			}
			p.value = v[i]
		default:
			return place{}, false
		}
		p.pointer += "/" + pointerEscape.Replace(token)
	}
	return p, true
}

// get returns what a keyword says, or nil.
func (p place) get(keyword string) any {
	object, _ := p.value.(map[string]any)
	return object[keyword]
}

// keywords returns the keywords of a schema, in order.
func (p place) keywords() []string {
	object, _ := p.value.(map[string]any)
	return slices.Sorted(maps.Keys(object))
}

// names returns the names in the object that a keyword has, in order.
func (p place) names(keyword string) []string {
	at, _ := p.below(keyword)
	return at.keywords()
}

// length returns how many there are in the list that a keyword has.
func (p place) length(keyword string) int {
	list, _ := p.get(keyword).([]any)
	return len(list)
}

// list returns the places in the list that a keyword has.
func (p place) list(keyword string) []place {
	var all []place
	for i := range p.length(keyword) {
		one, _ := p.below(keyword, strconv.Itoa(i))
		all = append(all, one)
	}
	return all
}

// anything is a schema that allows everything.
var anything = place{value: true}

// or returns the place below p, or another.
func (p place) or(other place, path ...string) place {
	if below, ok := p.below(path...); ok {
		return below
	}
	return other
}
