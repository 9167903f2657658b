// Package health keeps account of whether a node can do its work: what has been found in order and what has not, since
// when, and what is told to those who ask whether they may send clients to it.
package health

import (
	"sync"
	"time"
)

// Status is the sum of what is known.
type Status string

const (
	Starting Status = "starting"  // not everything has been found in order for the first time; for half a minute
	Ready    Status = "ready"     // clients may come
	NotReady Status = "not_ready" // something is wrong
	Draining Status = "draining"  // the node stops, and its clients leave
)

// Check is something that has to be in order, as it was found last.
type Check struct {
	Name   string    `json:"name"`
	OK     bool      `json:"ok"`
	Reason string    `json:"reason,omitzero"` // why not, for strangers too: without addresses and names
	Since  time.Time `json:"since"`           // when it became so
	Millis int64     `json:"ms"`              // what it took
}

// Report is what is told.
type Report struct {
	Status Status    `json:"status"`
	Reason string    `json:"reason,omitzero"` // why it is not ready
	Since  time.Time `json:"since"`           // when the status became what it is
	Checks []Check   `json:"checks"`
}

// startGrace is for how long what has never been in order counts as not begun yet: certificates may have to be got first.
const startGrace = 30 * time.Second

// turns is how many times in a row a check has to be found otherwise until that counts, so that a busy moment turns
// nothing. The first time counts at once.
const turns = 2

// Readiness is whether clients may come. Its methods may be called from any goroutine.
type Readiness struct {
	// Excuse returns why a node may stay ready though a check has failed, or "". It is asked each time that something is
	// noted, and must not call the Readiness. Nil excuses nothing. Not to be changed once something has been noted.
	Excuse func(check string) string
	// Changed is told of each new status, in order. It must not call the Readiness. It is set like Excuse.
	Changed func(Report)

	mu       sync.Mutex // guards what follows; held while Changed is called
	checks   []*check
	begun    bool
	was      bool   // ready, once
	draining string // why; "" if it does not
	told     Report // without checks
}

// check is a Check and how often it was found otherwise.
type check struct {
	Check
	noted bool // at least once
	other int  // times in a row that it was found the other way
}

// New returns a Readiness that is starting until it has begun and each of the checks has been found in order.
func New(checks ...string) *Readiness {
	r := &Readiness{told: Report{Status: Starting, Reason: "the node starts", Since: time.Now().UTC()}}
	for _, name := range checks {
		r.checks = append(r.checks, &check{Check: Check{Name: name, Reason: "not known yet", Since: r.told.Since}})
	}
	return r
}

// Begin notes that the node listens.
func (r *Readiness) Begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun = true
	r.sumUpLocked()
}

// Drain notes that the node stops, and why, in words for whoever asks; "" takes it back.
func (r *Readiness) Drain(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = why
	r.sumUpLocked()
}

// Note notes how a check was found: in order if reason is "", and what that took.
func (r *Readiness) Note(name, reason string, took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.checks {
		if c.Name == name {
			c.note(reason, took)
		}
	}
	r.sumUpLocked()
}

func (c *check) note(reason string, took time.Duration) {
	c.Millis = took.Milliseconds()
	if ok := reason == ""; ok == c.OK {
		c.other = 0
	} else if c.other++; c.other < turns && c.noted {
		return // the old reason stands for now
	} else {
		c.OK, c.other, c.Since = ok, 0, time.Now().UTC()
	}
	if !c.noted {
		c.Since = time.Now().UTC()
	}
	c.Reason, c.noted = reason, true
}

// sumUpLocked finds out the status.
func (r *Readiness) sumUpLocked() {
	status, reason := Ready, ""
	for _, c := range r.checks {
		if c.OK || r.Excuse != nil && c.noted && r.Excuse(c.Name) != "" {
			continue
		}
		status, reason = NotReady, c.Name+": "+c.Reason
		if !r.was && (!c.noted || time.Since(r.told.Since) < startGrace) {
			status = Starting
		}
		break
	}
	if !r.begun {
		status, reason = Starting, "the node starts"
	}
	if r.draining != "" {
		status, reason = Draining, r.draining
	}
	before := r.told
	r.told.Reason = reason
	if before.Status == status {
		return
	}
	r.was = r.was || status == Ready
	r.told.Status, r.told.Since = status, time.Now().UTC()
	if r.Changed != nil {
		r.Changed(r.reportLocked())
	}
}

// Report returns what is known now.
func (r *Readiness) Report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reportLocked()
}

func (r *Readiness) reportLocked() Report {
	report := r.told
	report.Checks = make([]Check, len(r.checks))
	for i, c := range r.checks {
		report.Checks[i] = c.Check
		if r.Excuse == nil || c.OK || !c.noted {
			continue
		}
		if excuse := r.Excuse(c.Name); excuse != "" {
			report.Checks[i].Reason += "; " + excuse
		}
	}
	return report
}

// Ready tells whether clients may come.
func (r *Readiness) Ready() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.told.Status == Ready
}
