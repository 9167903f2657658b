package config

import (
	"regexp"
	"strconv"
	"strings"
)

// places remembers where each value was given, by its path, as in "channels[2].slow".
type places map[string]Place

// set notes that the value at path was given at a place, and with it all that is below.
func (p places) set(path string, at Place) {
	for known := range p {
		if isBelow(known, path) {
			delete(p, known)
		}
	}
	p[path] = at
}

// of returns where the value at path, or the nearest thing around it, was given.
func (p places) of(path string) Place {
	for path != "" {
		if at, ok := p[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return Place{}
}

func isBelow(path, above string) bool {
	rest, ok := strings.CutPrefix(path, above)
	return ok && rest != "" && (rest[0] == '.' || rest[0] == '[')
}

var word = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// join returns the path of a key in the section at path. A key that is no plain word is quoted in
// it, or else it could be taken for a path itself.
func join(path, key string) string {
	if !word.MatchString(key) {
		key = strconv.Quote(key)
	}
	if path == "" {
		return key
	}
	return path + "." + key
}
