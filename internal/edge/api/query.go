package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/config/nearest"
)

// query reads the parameters of a URL. What is wrong with them is told by done.
type query struct {
	values url.Values
	known  []string // that were asked for
	err    error
}

func newQuery(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.err = badRequest("the query of the URL is broken; escape what is not a letter or a digit, as in channel=chat%%2Flobby")
	}
	return q
}

// text returns a parameter, "" if it is not there.
func (q *query) text(name string) string {
	q.known = append(q.known, name)
	all := q.values[name]
	if len(all) > 1 && q.err == nil {
		q.err = badRequest("%s= is there %d times; write it once", name, len(all))
	}
	return q.values.Get(name)
}

// number returns a whole number from 1 to most, or usual if it is not there.
func (q *query) number(name string, usual, most int) int {
	s := q.text(name)
	if s == "" {
		return usual
	}
	n, err := strconv.Atoi(s)
	if (err != nil || n < 1 || n > most) && q.err == nil {
		q.err = badRequest("%s=%.20q is not a number from 1 to %d", name, s, most)
	}
	return n
}

// flag returns a choice, false if it is not there.
func (q *query) flag(name string) bool {
	s := q.text(name)
	if s != "" && s != "true" && s != "false" && q.err == nil {
		q.err = badRequest("%s=%.20q is not a choice; use true or false", name, s)
	}
	return s == "true"
}

// done tells what was wrong, when all parameters have been asked for.
func (q *query) done() error {
	for _, name := range slices.Sorted(maps.Keys(q.values)) {
		if q.err != nil || slices.Contains(q.known, name) {
			continue
		}
		if meant := nearest.Word(name, q.known); meant != "" {
			q.err = badRequest("unknown parameter %.60q; did you mean %s=?", name, meant)
		} else {
			q.err = badRequest("unknown parameter %.60q; the known ones are %s", name, strings.Join(q.known, ", "))
		}
	}
	return q.err
}
