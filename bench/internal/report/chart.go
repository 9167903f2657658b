package report

import (
	"fmt"
	"html"
	"strings"
)

// Sizes in a chart, in pixels of its own coordinates.
const (
	chartWidth = 720
	nameWidth  = 90
	valueWidth = 150
	barsWidth  = chartWidth - nameWidth - valueWidth
	headHeight = 52
	rowHeight  = 30
	barHeight  = 18
	footHeight = 8
)

// chartStyle is readable on a light and on a dark page: the background is the page's.
const chartStyle = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 }
  .note { fill: #59636e }
  .own { fill: #1f6feb }
  .rival { fill: #afb8c1 }
  .floor { fill: none; stroke: #818b98; stroke-dasharray: 3 2 }
  .range { stroke: #1f2328; stroke-width: 1 }
  .strong { font-weight: 600 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .note { fill: #9198a1 }
    .own { fill: #4493f8 }
    .rival { fill: #59636e }
    .floor { stroke: #9198a1 }
    .range { stroke: #e6edf3 }
  }
`

// SVG returns the table as a bar chart: a bar for each median, with a line from the least to the
// greatest value. Rows without a value are left out.
func (t *Table) SVG() string {
	var rows []Row
	scale := 0.0 // the greatest value
	for _, row := range t.sorted() {
		if row.Err == "" {
			rows = append(rows, row)
			scale = max(scale, row.Value.Max)
		}
	}
	better := "more is better"
	if t.Memory {
		better = "less is better"
	}
	note := fmt.Sprintf("%s; %s; × the best peer", t.Unit, better)

	var b strings.Builder
	height := headHeight + rowHeight*len(rows) + footHeight
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title note">`+"\n",
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&b, "<style>%s</style>\n", chartStyle)
	fmt.Fprintf(&b, `<text id="title" class="title" x="0" y="18">%s</text>`+"\n", html.EscapeString(t.Title))
	fmt.Fprintf(&b, `<text id="note" class="note" x="0" y="38">%s</text>`+"\n", html.EscapeString(note))
	for i, row := range rows {
		t.drawRow(&b, row, headHeight+i*rowHeight, scale)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (t *Table) drawRow(b *strings.Builder, row Row, top int, scale float64) {
	length := func(v float64) float64 {
		if scale <= 0 {
			return 0
		}
		return v / scale * barsWidth
	}
	class, strong := "rival", ""
	switch row.Role {
	case Own:
		class, strong = "own", ` class="strong"`
	case Floor:
		class = "floor"
	}
	middle := top + barHeight/2
	v := row.Value
	fmt.Fprintf(b, `<text%s x="0" y="%d">%s</text>`+"\n", strong, middle+5, html.EscapeString(row.Peer))
	fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>`+"\n", class, nameWidth, top, length(v.Median), barHeight)
	if v.Min < v.Max {
		fmt.Fprintf(b, `<path class="range" d="M%.1f %d H%.1f"/>`+"\n", nameWidth+length(v.Min), middle, nameWidth+length(v.Max))
	}
	fmt.Fprintf(b, `<text%s x="%.1f" y="%d">%s · %s</text>`+"\n",
		strong, nameWidth+length(v.Max)+8, middle+5, short(v.Median), t.ratio(v.Median))
}
