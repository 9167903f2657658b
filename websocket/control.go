package websocket

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// controlPeriod is the time over which the rate of control frames is averaged.
const controlPeriod = 20 * time.Second

// allowance is how many control frames the peer may still send before somebody looks at the clock:
// what it may send in a whole period, so a flood costs one look a period and anything less hardly
// one. The zero value is ready.
type allowance struct {
	left  int
	since time.Time // when left was last filled up
}

// spend takes one control frame off and reports whether it was allowed.
func (a *allowance) spend(rate int) bool {
	if a.left == 0 {
		now := time.Now()
		if now.Sub(a.since) < controlPeriod {
			return false
		}
		a.left, a.since = perPeriod(rate), now
	}
	a.left--
	return true
}

// earn allows one more control frame for a part of a message: who sends those is no idle flooder.
func (a *allowance) earn(rate int) {
	if a.left < perPeriod(rate) {
		a.left++
	}
}

// perPeriod returns how many control frames a rate allows in a period.
func perPeriod(rate int) int { return rate * int(controlPeriod/time.Second) }

func tooManyControlFrames(rate int) *wire.Error {
	return &wire.Error{
		Code: uint16(ClosePolicyViolation),
		Reason: "more than " + strconv.Itoa(perPeriod(rate)) + " pings and pongs in " + controlPeriod.String() +
			" (limit MaxControlRate)",
	}
}
