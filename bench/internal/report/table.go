// Package report writes what was measured as Markdown tables and as SVG charts.
package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/stat"
)

// Role is what a row is there for.
type Role uint8

const (
	Own   Role = iota // the library that is compared with the others
	Rival             // one of the others
	Floor             // no library: what is possible
)

// Row is what one server reached under one load.
type Row struct {
	Peer  string
	Role  Role
	Value stat.Summary // in the table's unit
	Err   string       // why there is no value; "" if there is one

	// What follows is for loads with traffic: medians of the rounds.

	Rate       float64       // messages per second
	P50, P99   time.Duration // of latency
	ServerBusy float64       // of one CPU
	ClientBusy float64       // of one CPU
}

// Table is what all servers reached under one load.
type Table struct {
	Name  string // also that of its chart's file
	Title string
	Unit  string
	// Memory tells that values are bytes, of which fewer are better. Otherwise they are rates, of
	// which more are better.
	Memory bool
	Goals  []Goal
	Rows   []Row
}

// sorted returns the rows, the best first and those without a value last.
func (t *Table) sorted() []Row {
	rows := slices.Clone(t.Rows)
	slices.SortStableFunc(rows, func(a, b Row) int {
		if (a.Err == "") != (b.Err == "") {
			return cmp.Compare(a.Err, b.Err)
		}
		order := cmp.Compare(b.Value.Median, a.Value.Median)
		if t.Memory {
			order = -order
		}
		return order
	})
	return rows
}

// best returns the median of the best rival, or 0 if there is none.
func (t *Table) best() float64 {
	for _, row := range t.sorted() {
		if row.Role == Rival && row.Err == "" {
			return row.Value.Median
		}
	}
	return 0
}

// ratio returns how many times the best rival's value v is, as text.
func (t *Table) ratio(v float64) string {
	best := t.best()
	if best <= 0 {
		return "–"
	}
	return times(v / best)
}
