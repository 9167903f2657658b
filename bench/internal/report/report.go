//go:build linux

package report

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// Report is a whole run: the circumstances and a table for each load.
type Report struct {
	Title   string
	Command string   // that repeats the run
	Caution string   // a sentence about what the figures are not good for, or ""
	Method  string   // how it was measured, as Markdown
	Peers   []string // names and versions
	Tables  []*Table
	Plots   []*Plot

	Overview bool // whether to begin with a table of all loads: our own value beside each other one

	began   time.Time
	average string
}

// New begins a report: what it says of the time and of the machine's load is of now.
func New(title string) *Report {
	return &Report{Title: title, began: time.Now(), average: loadAverage()}
}

// Markdown returns the whole report. With charts, each table refers to its chart.
func (r *Report) Markdown(charts bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.Title)
	if r.Caution != "" {
		fmt.Fprintf(&b, "**%s**\n\n", r.Caution)
	}
	model, cpus := processors()
	fmt.Fprintf(&b, "- Machine: %s, %d CPUs, %s; load average at the beginning %s\n", model, cpus, kernel(), r.average)
	fmt.Fprintf(&b, "- %s\n", strings.Join(append([]string{runtime.Version()}, r.Peers...), ", "))
	fmt.Fprintf(&b, "- Command, in `bench/`: `%s`\n", r.Command)
	fmt.Fprintf(&b, "- %s\n\n%s\n", r.began.Format("2 January 2006"), r.Method)
	if r.Overview {
		b.WriteString(r.overview())
	}
	if charts {
		for _, p := range r.Plots {
			fmt.Fprintf(&b, "\n![%s](%s.svg)\n", p.Title, p.Name)
		}
	}
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "\n%s", t.Markdown())
		if charts {
			fmt.Fprintf(&b, "\n![%s](%s.svg)\n", t.Title, t.Name)
		}
	}
	return b.String()
}

// Write writes README.md, a chart for each table and the plots into a folder, which is made if need
// be.
func (r *Report) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, t := range r.Tables {
		if err := os.WriteFile(filepath.Join(folder, t.Name+".svg"), []byte(t.SVG()), 0o644); err != nil {
			return err
		}
	}
	for _, p := range r.Plots {
		if err := os.WriteFile(filepath.Join(folder, p.Name+".svg"), []byte(p.SVG()), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(folder, "README.md"), []byte(r.Markdown(true)), 0o644)
}
