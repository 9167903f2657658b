package wstest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// Side is a kind of endpoint.
type Side uint8

// The kinds of endpoint that a case is for.
const (
	Server Side = 1 << iota // one that accepts connections
	Client                  // one that dials
	Both   = Server | Client
)

// Case is one thing that an endpoint has to get right. Its endpoint echoes: it sends each text or
// binary message back as it came.
type Case struct {
	ID       string // stable; category and name: "framing/text-125"
	Category string // the part of the ID before the slash
	Name     string // one sentence that says what a right endpoint does
	RFC      string // the number and section that ask for it: "6455 §5.2"
	Side     Side   // whom it is for

	// talk is held on an open connection. If it ends well and the connection is still open, the
	// closing handshake follows. Otherwise run does everything itself.
	talk func(*peer)
	run  func(*exam)
	open opening // how the connection of talk is opened
	// large says that the case moves megabytes or thousands of frames and gets more time.
	large bool
}

// Cases returns all cases in the order in which they are run.
func Cases() []Case {
	var all []Case
	for _, category := range [][]Case{
		handshakeCases(), framingCases(), lengthCases(), maskingCases(), pingCases(), reservedCases(), opcodeCases(),
		fragmentCases(), utf8Cases(), closingCases(), limitCases(),
		negotiationCases(), compressionCases(), compressedFrameCases(),
	} {
		all = append(all, category...)
	}
	for i := range all {
		all[i].Category, _, _ = strings.Cut(all[i].ID, "/")
		if all[i].Side == 0 {
			all[i].Side = Both
		}
	}
	return all
}

// Categories returns the categories in the order of Cases.
func Categories() []string {
	var names []string
	for _, c := range Cases() {
		if !slices.Contains(names, c.Category) {
			names = append(names, c.Category)
		}
	}
	return names
}

// Run tests a server with the case. It returns when everything the case began has ended, at the
// latest a moment after ctx ends or the target's timeout has passed.
func (c Case) Run(ctx context.Context, t Target) Result {
	return c.examine(ctx, Server, &caller{t}, t.Timeout, t.MaxMessageBytes)
}

// RunClient tests a client with the case; like Run otherwise.
func (c Case) RunClient(ctx context.Context, t ClientTarget) Result {
	return c.examine(ctx, Client, &answerer{t}, t.Timeout, t.MaxMessageBytes)
}

// examine runs the case against the endpoint behind link.
func (c Case) examine(ctx context.Context, side Side, link link, timeout time.Duration, maxMessage int64) Result {
	if c.Side&side == 0 {
		return Result{Case: c, Verdict: NotApplicable, Got: "it is for the other kind of endpoint"}
	}
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	if c.large {
		timeout *= largeFactor
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	x := &exam{ctx: ctx, link: link, side: side, maxMessage: maxMessage}
	if c.run != nil {
		c.run(x)
	} else if p := x.connect(c.open); p != nil {
		c.talk(p)
		p.finish()
	}
	cancel() // closes what is still open
	x.running.Wait()
	return Result{Case: c, Verdict: x.verdict, Expected: x.expected, Got: x.got}
}

// exam is one run of one case. The first failure decides; what comes after it does nothing, so a
// case is written as if nothing could fail.
type exam struct {
	ctx        context.Context
	link       link
	side       Side // of the endpoint under test
	maxMessage int64
	running    sync.WaitGroup

	verdict       Verdict
	expected, got string
}

// over tells whether the case is decided.
func (x *exam) over() bool { return x.verdict != Pass }

func (x *exam) fail(expected, got string) {
	if !x.over() {
		x.verdict, x.expected, x.got = Fail, expected, got
	}
}

// skip ends the case because it does not apply, for a reason.
func (x *exam) skip(reason string) {
	if !x.over() {
		x.verdict, x.got = NotApplicable, reason
	}
}

// connect opens a connection to be talked on. It returns nil if the case is over.
func (x *exam) connect(o opening) *peer {
	if x.over() {
		return nil
	}
	return x.link.connect(x, o)
}
