package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/holdfast-dev/holdfast/websocket/wstest"
)

// reporter prints results as they come.
type reporter interface {
	add(wstest.Result)
	// end prints what is to be said at the end and returns the exit code.
	end() int
}

// count is how many cases had each verdict.
type count struct {
	category           string
	pass, fail, absent int
}

func (c *count) add(v wstest.Verdict) {
	switch v {
	case wstest.Pass:
		c.pass++
	case wstest.Fail:
		c.fail++
	default:
		c.absent++
	}
}

// table prints each case, what was wrong if it fails, and how each category did.
type table struct {
	out        io.Writer
	quiet      bool     // print only the cases that fail
	categories []*count // in the order in which they come
}

func (t *table) add(r wstest.Result) {
	var of *count
	for _, c := range t.categories {
		if c.category == r.Case.Category {
			of = c
		}
	}
	if of == nil {
		of = &count{category: r.Case.Category}
		t.categories = append(t.categories, of)
	}
	of.add(r.Verdict)
	switch {
	case r.Verdict == wstest.Fail:
		fmt.Fprintf(t.out, "FAIL  %s\n      %s (RFC %s)\n      expected %s\n      got      %s\n", r.Case.ID, r.Case.Name, r.Case.RFC, r.Expected, r.Got)
	case t.quiet:
	case r.Verdict == wstest.NotApplicable:
		fmt.Fprintf(t.out, "n/a   %s: %s\n", r.Case.ID, r.Got)
	default:
		fmt.Fprintf(t.out, "pass  %s\n", r.Case.ID)
	}
}

func (t *table) end() int {
	all := count{category: "all"}
	for _, c := range t.categories {
		all.pass, all.fail, all.absent = all.pass+c.pass, all.fail+c.fail, all.absent+c.absent
	}
	fmt.Fprintf(t.out, "\n%-14s %6s %6s %15s\n", "", "pass", "fail", "not applicable")
	for _, c := range append(t.categories, &all) {
		fmt.Fprintf(t.out, "%-14s %6d %6d %15d\n", c.category, c.pass, c.fail, c.absent)
	}
	return exitCode(all.fail, all.pass+all.fail+all.absent)
}

// lines prints a JSON object on a line for each result.
type lines struct {
	out         io.Writer
	failed, all int
}

func (l *lines) add(r wstest.Result) {
	l.all++
	if r.Verdict == wstest.Fail {
		l.failed++
	}
	// Strings alone can't fail to be encoded.
	line, _ := json.Marshal(struct {
		ID       string `json:"id"`
		Category string `json:"category"`
		Name     string `json:"name"`
		RFC      string `json:"rfc"`
		Verdict  string `json:"verdict"`
		Expected string `json:"expected,omitempty"`
		Got      string `json:"got,omitempty"`
	}{r.Case.ID, r.Case.Category, r.Case.Name, r.Case.RFC, r.Verdict.String(), r.Expected, r.Got})
	fmt.Fprintf(l.out, "%s\n", line)
}

func (l *lines) end() int { return exitCode(l.failed, l.all) }

// exitCode is 1 if a case failed, or if there was none: a pattern that matches nothing tests nothing.
func exitCode(failed, all int) int {
	if failed > 0 || all == 0 {
		return 1
	}
	return 0
}
