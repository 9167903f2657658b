package report

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/bench/internal/stat"
)

// Plot shows how the cost of a message changes with a number: a line for each server, a point for
// each load. A level line means that the whole cost grows in proportion to the messages alone.
type Plot struct {
	Name  string // also that of its file
	Title string
	Axis  string // what the number is
	lines []line
}

type line struct {
	peer   string
	role   Role
	points []point
}

type point struct {
	x float64
	y stat.Summary // microseconds of CPU per message
}

// Add adds the point of each row of a table of rates per CPU second. Rows without a value have none.
func (p *Plot) Add(x float64, t *Table) {
	for _, row := range t.Rows {
		if row.Err != "" || row.Value.Min <= 0 {
			continue
		}
		i := slices.IndexFunc(p.lines, func(l line) bool { return l.peer == row.Peer })
		if i < 0 {
			i = len(p.lines)
			p.lines = append(p.lines, line{peer: row.Peer, role: row.Role})
		}
		v := row.Value
		cost := stat.Summary{Median: 1e6 / v.Median, Min: 1e6 / v.Max, Max: 1e6 / v.Min}
		p.lines[i].points = append(p.lines[i].points, point{x, cost})
	}
}

// Points returns how many points the longest line has.
func (p *Plot) Points() int {
	most := 0
	for _, l := range p.lines {
		most = max(most, len(l.points))
	}
	return most
}

// Sizes in a plot. Its head is as high as that of a chart.
const (
	plotHeight = 260
	plotLeft   = 56
	plotRight  = chartWidth - 130 // behind it are the names
	plotFoot   = 44
	labelStep  = 17 // between two names, at least
)

const plotStyle = `
  .line { fill: none; stroke: #8b949e; stroke-width: 1.5 }
  .line.own { fill: none; stroke: #1f6feb; stroke-width: 2.5 }
  .axis { stroke: #8b949e; stroke-width: 1; opacity: .4 }
  @media (prefers-color-scheme: dark) { .line.own { stroke: #4493f8 } }
`

// SVG returns the plot, which must have a point, as an image. Both scales are logarithmic, so that each line shows its growth
// alike, however far apart they are.
func (p *Plot) SVG() string {
	scale := p.scale()
	var b strings.Builder
	height := headHeight + plotHeight + plotFoot
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title note">`+"\n",
		chartWidth, height, chartWidth, height)
	fmt.Fprintf(&b, "<style>%s%s</style>\n", chartStyle, plotStyle)
	fmt.Fprintf(&b, `<text id="title" class="title" x="0" y="18">%s</text>`+"\n", html.EscapeString(p.Title))
	fmt.Fprintf(&b, `<text id="note" class="note" x="0" y="38">µs of server CPU per delivery, both scales logarithmic; less is better, and a level line is linear growth</text>`+"\n")
	for y := scale.bottom; y <= scale.top*1.01; y *= 10 {
		fmt.Fprintf(&b, `<path class="axis" d="M%d %.1f H%d"/>`+"\n", plotLeft, scale.y(y), plotRight)
		fmt.Fprintf(&b, `<text class="note" x="%d" y="%.1f" text-anchor="end">%s</text>`+"\n", plotLeft-8, scale.y(y)+4, significant(y, 1))
	}
	for _, x := range scale.xs {
		fmt.Fprintf(&b, `<text class="note" x="%.1f" y="%d" text-anchor="middle">%.0f</text>`+"\n", scale.x(x), headHeight+plotHeight+18, x)
	}
	fmt.Fprintf(&b, `<text class="note" x="%d" y="%d" text-anchor="middle">%s</text>`+"\n",
		(plotLeft+plotRight)/2, headHeight+plotHeight+37, html.EscapeString(p.Axis))
	for _, l := range p.lines {
		l.draw(&b, scale)
	}
	p.drawNames(&b, scale)
	b.WriteString("</svg>\n")
	return b.String()
}

// draw draws the line, and at each point the range from the least to the greatest value.
func (l *line) draw(b *strings.Builder, s plotScale) {
	class := "line"
	if l.role == Own {
		class += " own"
	}
	var path strings.Builder
	for i, at := range l.points {
		fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(i, 1)], s.x(at.x), s.y(at.y.Median))
		fmt.Fprintf(b, `<path class="%s" d="M%.1f %.1f V%.1f"/>`+"\n", class, s.x(at.x), s.y(at.y.Min), s.y(at.y.Max))
	}
	fmt.Fprintf(b, `<path class="%s" d="%s"/>`+"\n", class, path.String())
}

// drawNames writes the name and the last cost of each line at its end, or above where another name is.
func (p *Plot) drawNames(b *strings.Builder, s plotScale) {
	lines := slices.Clone(p.lines)
	last := func(l line) point { return l.points[len(l.points)-1] }
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(last(a).y.Median, last(b).y.Median) })
	above := math.Inf(1)
	for _, l := range lines {
		y := min(s.y(last(l).y.Median)+4, above-labelStep)
		above = y
		strong := ""
		if l.role == Own {
			strong = ` class="strong"`
		}
		fmt.Fprintf(b, `<text%s x="%d" y="%.1f">%s %s</text>`+"\n", strong, plotRight+10, y, html.EscapeString(l.peer), significant(last(l).y.Median, 2))
	}
}

// plotScale says where values lie in an image.
type plotScale struct {
	xs          []float64 // all that there are, in order
	bottom, top float64   // powers of ten between which the costs lie
}

func (p *Plot) scale() plotScale {
	var s plotScale
	least, most := math.Inf(1), 0.0
	for _, l := range p.lines {
		for _, at := range l.points {
			s.xs = append(s.xs, at.x)
			least, most = min(least, at.y.Min), max(most, at.y.Max)
		}
	}
	slices.Sort(s.xs)
	s.xs = slices.Compact(s.xs)
	s.bottom = math.Pow(10, math.Floor(math.Log10(least)))
	s.top = max(math.Pow(10, math.Ceil(math.Log10(most))), 10*s.bottom)
	return s
}

func (s plotScale) x(v float64) float64 {
	first, last := s.xs[0], s.xs[len(s.xs)-1]
	if first == last {
		return plotLeft
	}
	const margin = 24 // so that the first label and the first point do not touch the axis
	return plotLeft + margin + math.Log(v/first)/math.Log(last/first)*(plotRight-plotLeft-margin-10)
}

func (s plotScale) y(v float64) float64 {
	return headHeight + plotHeight - math.Log(v/s.bottom)/math.Log(s.top/s.bottom)*plotHeight
}
