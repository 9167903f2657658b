package report

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/check"
	"github.com/holdfast-dev/holdfast/test/storm/figures"
)

func example() *Report {
	r := &Report{
		Seed: 7, Began: time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC), Formation: "cluster", Nodes: []string{"n1", "n2", "n3"},
		Publishers: 300, Subscribers: 3000, Again: "make storm SEED=7", Versions: map[string]string{"go": "1.26"}, Machine: map[string]string{"cores": "2"},
		Verdict: &check.Verdict{Sent: 36_000, Acked: 35_990, Owed: 700_000, Delivered: 700_000},
		Figures: &figures.Figures{
			LastsMS: 120_000, FailoverMS: figures.Quantiles{Count: 4, P50: 900, P99: 1800, Max: 1800},
			Unavailable: []figures.Unavailable{{Channel: "storm/1/12", FromMS: 31_000, MS: 2100}},
			Faults: []figures.Fault{
				{Number: "1", Kind: "kill", Node: "n1", FromMS: 10_000, UntilMS: 14_000, Text: "kill n1"},
				{Number: "2", Kind: "roll", Node: "n2", FromMS: 60_000, UntilMS: 80_000, Text: "roll"},
				{Number: "3", Kind: "resets", Node: "n3", FromMS: 100_000, UntilMS: 100_001, Text: "resets"},
			},
		},
	}
	for i := range 120 {
		r.Figures.Seconds = append(r.Figures.Seconds, figures.Second{Sent: 300, Acked: 300, Delivered: 6000 - 100*(i%7), AckP50MS: 3, AckP99MS: int64(10 + i%13*i)})
	}
	return r
}

func write(t *testing.T, r *Report) (all []byte, page string) {
	t.Helper()
	dir := t.TempDir()
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	all, err := os.ReadFile(filepath.Join(dir, "report.json"))
	if err != nil {
		t.Fatal(err)
	}
	html, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	return all, string(html)
}

func TestAPageNeedsNothingBesideItAndSaysWhatMatters(t *testing.T) {
	_, page := write(t, example())
	for _, want := range []string{"Every promise was kept", "seed 7", "36\u202f000", "35\u202f990 acknowledged", "1.8\u202fs", "storm/1/12", "make storm SEED=7", "<title>kill n1</title>"} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not have %q", want)
		}
	}
	for _, not := range []string{"src=", "href=", "url(", "@import", "ZgotmplZ", "NaN", "<no value>"} {
		if strings.Contains(page, not) {
			t.Errorf("it has %q", not)
		}
	}
	if n := strings.Count(page, `<rect class="band`); n != 5 {
		t.Errorf("%d bands, want one for each fault, and for a rolling restart one for each node", n)
	}
}

func TestAPageSaysWhatWasBroken(t *testing.T) {
	r := example()
	r.Verdict.Counts = map[check.Name]int{check.Lost: 3}
	r.Verdict.First = []check.Violation{{Name: check.Lost, Who: "go-17", Channel: "storm/<1>", Detail: "p3-9 has not come"}}
	all, page := write(t, r)
	for _, want := range []string{"Not every promise was kept", "go-17", "storm/&lt;1&gt;", "p3-9 has not come", `<b class="bad">3</b>`} {
		if !strings.Contains(page, want) {
			t.Errorf("it does not have %q", want)
		}
	}
	var read Report
	if err := json.Unmarshal(all, &read); err != nil || read.Verdict.Counts[check.Lost] != 3 || read.Seed != 7 {
		t.Errorf("%v, %+v", err, read.Verdict)
	}
}

func TestAStormOfNothingHasAPageToo(t *testing.T) {
	r := example()
	r.Figures = &figures.Figures{}
	if _, page := write(t, r); strings.Contains(page, "NaN") || !strings.Contains(page, "not measured") {
		t.Error("the page is not as it should be")
	}
}

func TestMarksOnAnAxisAreRoundAndNotTooMany(t *testing.T) {
	for most := 1.0; most < 1e6; most *= 1.7 {
		if step := stepOf(most); most/step > 10 || step < 1 {
			t.Errorf("up to %v in steps of %v", most, step)
		}
		if step := timeStep(most); most/step > 10 {
			t.Errorf("up to %v s in steps of %v s", most, step)
		}
	}
}
