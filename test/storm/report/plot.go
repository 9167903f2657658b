package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/holdfast-dev/holdfast/test/storm/figures"
)

// The timeline, in units of its view box.
const (
	plotWidth = 1000
	plotLeft  = 64
	plotRight = 12
	rowHeight = 26
	bandLeast = 3 // that a fault can be seen
)

// Band is a fault on the row of its node.
type Band struct {
	X, Y, Width float64
	Class       string
	Title       string
	Number      string // if there is room
}

// Middle is where the number is written.
func (b Band) Middle() float64 { return b.X + b.Width/2 }

// Base is the line that it is written on.
func (b Band) Base() float64 { return b.Y + 14 }

// Row is a node.
type Row struct {
	Name string
	Y    float64 // of its middle
}

// Tick is a mark on an axis.
type Tick struct {
	At   float64
	Text string
}

// Chart is a curve over the time, or two.
type Chart struct {
	Name  string
	Y     float64 // of its top
	H     float64
	Lines []Line
	Ticks []Tick
}

// Above is the line that its name is written on.
func (c Chart) Above() float64 { return c.Y - 9 }

// Line is one curve.
type Line struct {
	Class, Name string
	Path        string
}

// Timeline is what is drawn.
type Timeline struct {
	Height float64
	Below  float64 // the line that the times are written on
	Rows   []Row
	Bands  []Band
	Charts []Chart
	Times  []Tick
}

// Timeline lays everything out.
func (r *Report) Timeline() *Timeline {
	t := &Timeline{}
	lasts := max(float64(r.Figures.LastsMS), 1)
	x := func(ms int64) float64 { return plotLeft + float64(ms)/lasts*(plotWidth-plotLeft-plotRight) }
	y := 8.0
	for _, name := range r.Nodes {
		t.Rows = append(t.Rows, Row{name, y + rowHeight/2})
		for _, f := range r.Figures.Faults {
			if f.Node == name || f.Kind == "roll" {
				t.Bands = append(t.Bands, bandOf(&f, x, y))
			}
		}
		y += rowHeight
	}
	t.Below = y + 14
	y += 44
	for _, c := range curvesOf(r.Figures.Seconds) {
		t.Charts = append(t.Charts, c.draw(r.Figures.Seconds, x, y))
		y += c.height + 34
	}
	t.Height = y + 4
	step := timeStep(lasts / 1000)
	for s := 0.0; s*1000 <= lasts; s += step {
		t.Times = append(t.Times, Tick{x(int64(s * 1000)), clock(s)})
	}
	return t
}

func bandOf(f *figures.Fault, x func(int64) float64, y float64) Band {
	b := Band{X: x(f.FromMS), Y: y + 3, Width: max(x(f.UntilMS)-x(f.FromMS), bandLeast), Class: classOf(f.Kind), Title: f.Text}
	if b.Width > 14 {
		b.Number = f.Number
	}
	return b
}

// classOf groups kinds of faults by what happens to the node.
func classOf(kind string) string {
	switch kind {
	case "kill", "kill leader", "wipe":
		return "killed"
	case "stop", "roll", "drain":
		return "stopped"
	case "pause", "clock":
		return "paused"
	case "disk full":
		return "disk"
	}
	return "network"
}

// curves are what a chart is drawn from. Values are between 0 and 1.
type curves struct {
	name   string
	height float64
	lines  []curve
	ticks  []Tick
}

type curve struct {
	class, name string
	value       func(*figures.Second) float64
}

func (c *curves) draw(all []figures.Second, x func(int64) float64, y float64) Chart {
	drawn := Chart{Name: c.name, Y: y, H: c.height}
	for _, tick := range c.ticks {
		drawn.Ticks = append(drawn.Ticks, Tick{y + c.height - tick.At*c.height, tick.Text})
	}
	for _, l := range c.lines {
		var path strings.Builder
		for i := range all {
			letter := "L"
			if i == 0 {
				letter = "M"
			}
			fmt.Fprintf(&path, "%s%.1f %.1f", letter, x(int64(i)*1000+500), y+c.height-c.height*l.value(&all[i]))
		}
		drawn.Lines = append(drawn.Lines, Line{l.class, l.name, path.String()})
	}
	return drawn
}

// curvesOf returns what is drawn of the seconds of a storm.
func curvesOf(all []figures.Second) []curves {
	late := 10.0
	for i := range all {
		late = max(late, float64(all[i].AckP99MS))
	}
	late = math.Pow(10, math.Ceil(math.Log10(late)))
	logarithmic := func(ms int64) float64 { return math.Log10(max(float64(ms), 1)) / math.Log10(late) }
	latency := curves{name: "until a publication is acknowledged: the median, and 99 of 100", height: 110, lines: []curve{
		{"quiet", "median", func(s *figures.Second) float64 { return logarithmic(s.AckP50MS) }},
		{"latency", "99 of 100", func(s *figures.Second) float64 { return logarithmic(s.AckP99MS) }},
	}}
	for v := int64(1); float64(v) <= late; v *= 10 {
		latency.ticks = append(latency.ticks, Tick{logarithmic(v), seconds(v)})
	}
	return []curves{
		linear(all, "deliveries a second", "delivered", 110, func(s *figures.Second) float64 { return float64(s.Delivered) }),
		linear(all, "acknowledgements a second", "acked", 70, func(s *figures.Second) float64 { return float64(s.Acked) }),
		linear(all, "the longest wait of a channel for an acknowledgement, in seconds", "unavailable", 70, func(s *figures.Second) float64 { return float64(s.UnavailableMS) / 1000 }),
		latency,
	}
}

func linear(all []figures.Second, name, class string, height float64, value func(*figures.Second) float64) curves {
	most := 1.0
	for i := range all {
		most = max(most, value(&all[i]))
	}
	c := curves{name: name, height: height, lines: []curve{{class, name, func(s *figures.Second) float64 { return value(s) / most }}}}
	for v := 0.0; v <= most; v += stepOf(most * 2) {
		c.ticks = append(c.ticks, Tick{v / most, count(int(v))})
	}
	return c
}

// stepOf returns a round step, so that there are five to ten marks up to most.
func stepOf(most float64) float64 {
	step := math.Pow(10, math.Floor(math.Log10(max(most, 1)/5)))
	for _, times := range []float64{1, 2, 5, 10} {
		if most/(step*times) <= 10 {
			return max(step*times, 1)
		}
	}
	return step * 10
}

// timeStep is stepOf for seconds, which are marked up to ten times.
func timeStep(most float64) float64 {
	for _, step := range []float64{5, 10, 15, 30, 60, 120, 300, 600} {
		if most/step <= 10 {
			return step
		}
	}
	return 3600 * math.Ceil(most/36_000)
}

func clock(s float64) string { return fmt.Sprintf("%d:%02d", int(s)/60, int(s)%60) }
