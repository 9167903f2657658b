package session

import (
	"fmt"
	"time"
)

// LimitError says that a client asks for more than a limit allows.
type LimitError struct {
	Limit string        // its key in the configuration
	What  string        // what there is too much of, and how much is allowed
	After time.Duration // when to try again; 0 if nobody knows
}

// Error names the limit, so that an operator who is told finds it.
func (e *LimitError) Error() string {
	s := fmt.Sprintf("%s (%s)", e.What, e.Limit)
	if e.After > 0 {
		s += fmt.Sprintf("; try again in %s", max(e.After.Round(shown), shown))
	}
	return s
}

// shown is how exactly a time to wait is told.
const shown = 100 * time.Millisecond
