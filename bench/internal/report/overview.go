package report

import (
	"fmt"
	"strings"
)

// Goal is what our own median is to reach: so many times that of a peer, at least, or, if no peer is
// named, a value that is not to be exceeded.
type Goal struct {
	Peer  string
	Value float64
}

// overview returns a table of what our own server reaches under each load, and how many times the
// value of each other that is, as Markdown.
func (r *Report) overview() string {
	peers := r.rivals()
	var b strings.Builder
	b.WriteString("\n### All loads\n\n| | ours |")
	for _, peer := range peers {
		fmt.Fprintf(&b, " × %s |", peer)
	}
	b.WriteString(" goal |\n|---|---:|" + strings.Repeat("---:|", len(peers)) + "---|\n")
	for _, t := range r.Tables {
		own, ok := t.find(func(row Row) bool { return row.Role == Own })
		if !ok {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s |", t.Title, short(own.Value.Median))
		for _, peer := range peers {
			cell := "–"
			if rival, ok := t.find(func(row Row) bool { return row.Peer == peer }); ok && rival.Value.Median > 0 {
				cell = times(own.Value.Median / rival.Value.Median)
			}
			fmt.Fprintf(&b, " %s |", cell)
		}
		fmt.Fprintf(&b, " %s |\n", t.goals(own))
	}
	return b.String()
}

// rivals returns the names of all, in the order in which they appear.
func (r *Report) rivals() []string {
	var names []string
	seen := map[string]bool{}
	for _, t := range r.Tables {
		for _, row := range t.Rows {
			if row.Role == Rival && !seen[row.Peer] {
				seen[row.Peer] = true
				names = append(names, row.Peer)
			}
		}
	}
	return names
}

// find returns the row with a value that fits.
func (t *Table) find(fits func(Row) bool) (Row, bool) {
	for _, row := range t.Rows {
		if row.Err == "" && fits(row) {
			return row, true
		}
	}
	return Row{}, false
}

// goals says of each goal whether our own row reaches it. A peer without a value leaves it open.
func (t *Table) goals(own Row) string {
	var list []string
	for _, goal := range t.Goals {
		text, reached := "", false
		if goal.Peer == "" {
			text, reached = "≤ "+short(goal.Value), own.Value.Median <= goal.Value
		} else {
			rival, ok := t.find(func(row Row) bool { return row.Peer == goal.Peer })
			if !ok {
				continue
			}
			text, reached = "≥ "+times(goal.Value)+" "+goal.Peer, own.Value.Median >= goal.Value*rival.Value.Median
		}
		if reached {
			list = append(list, text+": reached")
		} else {
			list = append(list, text+": **missed**")
		}
	}
	return strings.Join(list, ", ")
}
