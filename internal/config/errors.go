package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Error is one thing that is wrong with a configuration.
type Error struct {
	Place   Place
	Problem string // what is wrong, with which key, and what to do
}

// Error returns the place and the problem in one line.
func (e *Error) Error() string {
	if e.Place == (Place{}) {
		return e.Problem
	}
	return e.Place.String() + ": " + e.Problem
}

// Place is where a value was given.
type Place struct {
	Source string // a file's name, an environment variable, or "command line"; "" for a default
	Line   int    // in the file, from 1; 0 for none
}

// String returns the place as editors and compilers write it: "holdfast.yaml:12".
func (p Place) String() string {
	if p.Line == 0 {
		return p.Source
	}
	return p.Source + ":" + strconv.Itoa(p.Line)
}

// Errors is everything that was found wrong, at least one thing, ordered by place.
type Errors []*Error

// Error returns the first problem, and how many more there are.
func (e Errors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	return fmt.Sprintf("%s (and %d more; `holdfast config check` tells all)", e[0], len(e)-1)
}

// Unwrap returns the errors one by one.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, one := range e {
		all[i] = one
	}
	return all
}

// sorted returns e in order of place, and within it as found; nil if there is none.
func (e Errors) sorted() error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Place.Source, b.Place.Source), cmp.Compare(a.Place.Line, b.Place.Line))
	})
	return e
}
