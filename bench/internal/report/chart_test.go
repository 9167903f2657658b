package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/bench/internal/stat"
)

func values(median, least, most float64) stat.Summary {
	return stat.Summary{Median: median, Min: least, Max: most}
}

// rates is a table with every kind of row.
func rates() *Table {
	return &Table{
		Name: "echo", Title: "echo <64 B> & more", Unit: "echoes per server CPU second",
		Rows: []Row{
			{Peer: "ours", Role: Own, Value: values(300e3, 290e3, 310e3), Rate: 250e3, P50: 1e6, P99: 2.5e6, ServerBusy: 0.9, ClientBusy: 0.801},
			{Peer: "slow", Role: Rival, Value: values(100e3, 100e3, 100e3), Rate: 90e3, P50: 1e6, P99: 400e6},
			{Peer: "broken", Role: Rival, Err: "it | failed\nbadly"},
			{Peer: "fast", Role: Rival, Value: values(200e3, 150e3, 220e3), Rate: 180e3, P50: 1e6, P99: 1e6},
			{Peer: "limit", Role: Floor, Value: values(400e3, 400e3, 400e3), Rate: 400e3, P50: 1e6, P99: 1e6},
		},
	}
}

// element is an element of an SVG image with its text.
type element struct {
	xml.StartElement
	text string
}

func (e element) attribute(name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// parse reads an image as an XML parser does, and fails the test if it can't.
func parse(t *testing.T, svg string) []element {
	t.Helper()
	var elements []element
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return elements
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
		switch token := token.(type) {
		case xml.StartElement:
			elements = append(elements, element{StartElement: token.Copy()})
		case xml.CharData:
			if len(elements) > 0 {
				elements[len(elements)-1].text += string(token)
			}
		}
	}
}

func TestBarsAreAsLongAsTheirValues(t *testing.T) {
	var widths []float64
	for _, e := range parse(t, rates().SVG()) {
		if e.Name.Local == "rect" {
			w, err := strconv.ParseFloat(e.attribute("width"), 64)
			if err != nil {
				t.Fatal(err)
			}
			widths = append(widths, w)
		}
	}
	if len(widths) != 4 {
		t.Fatalf("%d bars; want one for each row with a value", len(widths))
	}
	for i, fraction := range []float64{1, 0.75, 0.5, 0.25} { // the best first
		if want := fraction * barsWidth; widths[i] < want-0.1 || widths[i] > want+0.1 {
			t.Errorf("bar %d is %v long; want %v", i, widths[i], want)
		}
	}
}

func TestAChartSaysWhatItShows(t *testing.T) {
	var texts []string
	for _, e := range parse(t, rates().SVG()) {
		if e.Name.Local == "text" {
			texts = append(texts, strings.TrimSpace(e.text))
		}
	}
	want := []string{
		"echo <64 B> & more", "echoes per server CPU second; more is better; × the best peer",
		"limit", "400k · 2.00×", "ours", "300k · 1.50×", "fast", "200k · 1.00×", "slow", "100k · 0.50×",
	}
	if strings.Join(texts, "\n") != strings.Join(want, "\n") {
		t.Errorf("the texts are %q;\nwant %q", texts, want)
	}
}

func TestAChartHasColoursForADarkPage(t *testing.T) {
	if svg := rates().SVG(); !strings.Contains(svg, "@media (prefers-color-scheme: dark)") {
		t.Error(svg)
	}
}

func TestAChartOfNothingIsAnImageAllTheSame(t *testing.T) {
	for name, table := range map[string]*Table{
		"no rows":   {Title: "none"},
		"all broke": {Title: "none", Rows: []Row{{Peer: "broken", Err: "so"}}},
		"all zero":  {Title: "none", Rows: []Row{{Peer: "zero", Role: Rival}}},
	} {
		if svg := table.SVG(); len(parse(t, svg)) == 0 || strings.Contains(svg, "NaN") {
			t.Errorf("%s: %s", name, svg)
		}
	}
}
