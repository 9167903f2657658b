package report

import (
	"fmt"
	"strings"
)

// Markdown returns the table with its title.
func (t *Table) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s\n\n", t.Title)
	if t.Memory {
		fmt.Fprintf(&b, "| | %s: median (min–max) | of the best peer |\n|---|---:|---:|\n", t.Unit)
	} else {
		fmt.Fprintf(&b, "| | %s: median (min–max) | of the best peer | messages per second | latency p50 / p99, ms | p99 ÷ p50 | busy: server / client |\n", t.Unit)
		b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	}
	for _, row := range t.sorted() {
		b.WriteString(t.markdownRow(row))
	}
	return b.String()
}

func (t *Table) markdownRow(row Row) string {
	name := row.Peer
	if row.Role == Own {
		name = "**" + name + "**"
	}
	if row.Err != "" {
		// A line break would end the row.
		return fmt.Sprintf("| %s | failed: %s |\n", name, strings.NewReplacer("\n", " ", "|", "\\|").Replace(row.Err))
	}
	v := row.Value
	cells := fmt.Sprintf("| %s | %s (%s–%s) | %s |", name, short(v.Median), short(v.Min), short(v.Max), t.ratio(v.Median))
	if !t.Memory {
		cells += fmt.Sprintf(" %s | %s / %s | %s | %s / %s |",
			short(row.Rate), milliseconds(row.P50), milliseconds(row.P99), significant(float64(row.P99)/float64(row.P50), 2),
			percent(row.ServerBusy), percent(row.ClientBusy))
	}
	return cells + "\n"
}
