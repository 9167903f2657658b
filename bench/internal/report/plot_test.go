package report

import (
	"math"
	"strings"
	"testing"
)

// growth is a plot of one server whose cost is level and one whose cost grows tenfold.
func growth() *Plot {
	p := &Plot{Name: "growth", Title: "cost & growth", Axis: "subscribers"}
	for i, x := range []float64{100, 1000, 10_000} {
		p.Add(x, &Table{Rows: []Row{
			{Peer: "level", Role: Own, Value: values(1e6, 1e6, 1e6)},
			{Peer: "steep", Role: Rival, Value: values(1e6/math.Pow(10, float64(i)), 1e6/math.Pow(10, float64(i)), 1e6)},
			{Peer: "broken", Role: Rival, Err: "so"},
		}})
	}
	return p
}

func TestALevelCostIsALevelLine(t *testing.T) {
	var lines []string
	for _, e := range parse(t, growth().SVG()) {
		if d := e.attribute("d"); e.Name.Local == "path" && strings.Contains(d, "L") {
			lines = append(lines, d)
		}
	}
	want := []string{"M80.0 312.0L330.0 312.0L580.0 312.0", "M80.0 312.0L330.0 182.0L580.0 52.0"}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("the lines are %q; want %q", lines, want)
	}
}

func TestAPlotNamesItsLinesAndScales(t *testing.T) {
	texts := map[string]bool{}
	for _, e := range parse(t, growth().SVG()) {
		texts[strings.TrimSpace(e.text)] = true
	}
	for _, want := range []string{"cost & growth", "subscribers", "100", "1000", "10000", "1", "10", "level 1.0", "steep 100"} {
		if !texts[want] {
			t.Errorf("%q is not among %v", want, texts)
		}
	}
	if texts["broken"] {
		t.Error("a server without a value has a name")
	}
}

func TestNamesKeepApart(t *testing.T) {
	p := &Plot{}
	for _, x := range []float64{1, 2} {
		p.Add(x, &Table{Rows: []Row{
			{Peer: "one", Role: Own, Value: values(1e6, 1e6, 1e6)},
			{Peer: "two", Role: Rival, Value: values(1e6, 1e6, 1e6)},
			{Peer: "three", Role: Rival, Value: values(1e6, 1e6, 1e6)},
		}})
	}
	heights := map[string]bool{}
	for _, e := range parse(t, p.SVG()) {
		if strings.HasSuffix(strings.TrimSpace(e.text), " 1.0") {
			heights[e.attribute("y")] = true
		}
	}
	if len(heights) != 3 || p.Points() != 2 {
		t.Errorf("three names at the heights %v", heights)
	}
}
