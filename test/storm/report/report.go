// Package report writes what came of a storm: for programs as JSON, and for people as a page that needs nothing beside it.
package report

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/check"
	"github.com/holdfast-dev/holdfast/test/storm/figures"
)

// Report is everything about a storm.
type Report struct {
	Seed        uint64            `json:"seed"`
	Began       time.Time         `json:"began"`
	Formation   string            `json:"formation"`
	Nodes       []string          `json:"nodes"`
	Publishers  int               `json:"publishers"`
	Subscribers int               `json:"subscribers"`
	Again       string            `json:"again"`    // the command that gives the same schedule
	Versions    map[string]string `json:"versions"` // of the programs
	Machine     map[string]string `json:"machine"`
	Without     []string          `json:"without,omitempty"` // kinds of faults that could not be had here, and why
	Trouble     []string          `json:"trouble,omitempty"` // what went wrong with the storm itself
	Verdict     *check.Verdict    `json:"verdict"`
	Figures     *figures.Figures  `json:"figures"`
}

// Targets, of docs/chaos.md.
const (
	FailoverP99MS = 3000
	BackP50MS     = 2000
)

// Clean tells whether every promise was kept and the storm blew as it should.
func (r *Report) Clean() bool { return r.Verdict.Clean() && len(r.Trouble) == 0 }

// Write writes report.json and report.html below a directory.
func (r *Report) Write(dir string) error {
	all, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "report.json"), append(all, '\n'), 0o600); err != nil {
		return err
	}
	page, err := os.Create(filepath.Join(dir, "report.html"))
	if err != nil {
		return err
	}
	return errors.Join(pageTemplate.Execute(page, r), page.Close())
}

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"count":   count,
	"seconds": seconds,
}).Parse(pageText))

// count writes a number with spaces between the thousands.
func count(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// seconds writes milliseconds.
func seconds(ms int64) string {
	if ms < 1000 {
		return fmt.Sprintf("%d\u202fms", ms)
	}
	return fmt.Sprintf("%.1f\u202fs", float64(ms)/1000)
}

// Tile is one figure of the page.
type Tile struct {
	Name, Value, Note string
	State             string // good, bad or ""
}

func state(good bool) string {
	if good {
		return "good"
	}
	return "bad"
}

// Tiles are the figures that the page begins with.
func (r *Report) Tiles() []Tile {
	v, f := r.Verdict, r.Figures
	none := func(name string, names ...check.Name) Tile {
		n := 0
		for _, name := range names {
			n += v.Counts[name]
		}
		return Tile{Name: name, Value: count(n), State: state(n == 0)}
	}
	measured := func(name string, q figures.Quantiles, value int64, note string, target int64) Tile {
		if q.Count == 0 {
			return Tile{Name: name, Value: "–", Note: "not measured"}
		}
		return Tile{Name: name, Value: seconds(value), Note: note, State: state(value <= target)}
	}
	tiles := []Tile{
		{Name: "faults", Value: count(len(f.Faults)), Note: fmt.Sprintf("of %d kinds", len(r.Kinds()))},
		{Name: "published", Value: count(v.Sent), Note: count(v.Acked) + " acknowledged, " + count(v.Failed) + " failed"},
		{Name: "delivered", Value: count(v.Delivered), Note: fmt.Sprintf("of %s owed, to %s subscriptions", count(v.Owed), count(v.Subscribers))},
		none("lost", check.Lost, check.AckWithoutStore),
		none("passed over without a word", check.SilentGap),
		none("twice", check.Duplicated, check.StoredTwice),
		none("out of order", check.Misordered),
		none("otherwise wrong", check.Altered, check.Foreign, check.StoredElsewhere, check.OffsetTwice, check.FalseLoss, check.ThrownOut),
		none("ghosts, and not seen", check.Ghost, check.Absent),
		none("leaks", check.Leak),
	}
	if len(f.Unavailable) > 0 {
		tiles = append(tiles, Tile{Name: "longest without publishing", Value: seconds(f.Unavailable[0].MS), Note: f.Unavailable[0].Channel})
	}
	return append(tiles,
		measured("failover of the log, p99", f.FailoverMS, f.FailoverMS.P99, fmt.Sprintf("p50 %s, at most %s, of %d; the target is %s", seconds(f.FailoverMS.P50), seconds(f.FailoverMS.Max), f.FailoverMS.Count, seconds(FailoverP99MS)), FailoverP99MS),
		measured("SDKs back, median", f.BackMS, f.BackMS.P50, fmt.Sprintf("p99 %s, at most %s, of %d; the target is %s", seconds(f.BackMS.P99), seconds(f.BackMS.Max), f.BackMS.Count, seconds(BackP50MS)), BackP50MS),
	)
}

// Kind is how often faults of a kind happened.
type Kind struct {
	Name, Class string
	Count       int
}

// Kinds counts the faults by kind.
func (r *Report) Kinds() []Kind {
	var all []Kind
	for _, f := range r.Figures.Faults {
		i := slices.IndexFunc(all, func(k Kind) bool { return k.Name == f.Kind })
		if i < 0 {
			i = len(all)
			all = append(all, Kind{Name: f.Kind, Class: classOf(f.Kind)})
		}
		all[i].Count++
	}
	slices.SortFunc(all, func(a, b Kind) int { return b.Count - a.Count })
	return all
}

// Worst are the channels that could not be published to for longest.
func (r *Report) Worst() []figures.Unavailable {
	return r.Figures.Unavailable[:min(10, len(r.Figures.Unavailable))]
}
