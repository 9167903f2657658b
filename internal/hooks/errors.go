package hooks

import (
	"errors"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// ErrNotAsked says that no hook decides: none is there for it, or the one that is could not be asked, and its
// rule is to go on as without it.
var ErrNotAsked = errors.New("no hook decides this")

// Refusal says that a backend has said no. It is a [protocol.Error], too.
type Refusal struct {
	Hook   string          // its name
	Answer *protocol.Error // as the client may see it
}

// Error returns the backend's words.
func (e *Refusal) Error() string { return e.Answer.Message }

// Unwrap returns what the client may see.
func (e *Refusal) Unwrap() error { return e.Answer }

// Unavailable says that a backend could not be asked, or gave an answer that can't be understood, and that
// what it was to decide is refused therefore.
type Unavailable struct {
	Hook  string
	After time.Duration // when to try again
	Err   error         // why, which is not for the client
}

// Error tells the client no more than that it may try again.
func (e *Unavailable) Error() string {
	return fmt.Sprintf("the application that decides this can't be asked now; try again in %s", e.After.Round(time.Second))
}

// Unwrap returns the reason.
func (e *Unavailable) Unwrap() error { return e.Err }

var (
	errTimeout      = errors.New("it did not answer in time")
	errBusy         = errors.New("too many requests to it are under way, and none ended in time")
	errReplyTooLong = errors.New("the answer is longer than it may be")

	errOpen = errors.New("it has failed too often just now, and is left alone for a while")
)
