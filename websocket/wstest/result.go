package wstest

import "fmt"

// Verdict is the outcome of a case.
type Verdict uint8

// The outcomes.
const (
	Pass Verdict = iota
	Fail
	// NotApplicable means that the endpoint can't be asked this: it declined the extension, has a lower
	// limit, or the target does not say what the case needs.
	NotApplicable
)

// String returns "pass", "fail" or "not applicable".
func (v Verdict) String() string {
	switch v {
	case Pass:
		return "pass"
	case Fail:
		return "fail"
	}
	return "not applicable"
}

// Result tells how an endpoint did in a case.
type Result struct {
	Case    Case
	Verdict Verdict
	// Expected is what a right endpoint would have done where this one failed. It is empty unless
	// the verdict is Fail.
	Expected string
	// Got is what came instead, or why the case does not apply.
	Got string
}

// String returns one line: the verdict, the ID, and what was wrong.
func (r Result) String() string {
	switch r.Verdict {
	case Fail:
		return fmt.Sprintf("fail %s (RFC %s): %s Expected %s, got %s", r.Case.ID, r.Case.RFC, r.Case.Name, r.Expected, r.Got)
	case NotApplicable:
		return fmt.Sprintf("not applicable %s: %s", r.Case.ID, r.Got)
	}
	return "pass " + r.Case.ID
}
