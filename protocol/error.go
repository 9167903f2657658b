package protocol

import (
	"fmt"
	"time"
)

// Code is the stable name of an error, for programs to compare. A backend may use codes of its own.
type Code string

// The codes; docs/protocol.md says what to do about each.
const (
	CodeBadJSON        Code = "bad_json"        // the message is not JSON, or too deep, or has too many keys
	CodeBadMessagePack Code = "bad_msgpack"     // likewise, not MessagePack
	CodeBadCommand     Code = "bad_command"     // a field is missing, unknown, of the wrong type or out of bounds
	CodeUnknownCommand Code = "unknown_command" // the verb is not known
	CodeBadChannel     Code = "bad_channel"     // breaks a rule of names or patterns
	CodeBadPosition    Code = "bad_position"    // since is not positions

	CodeUnauthorized Code = "unauthorized"  // no valid token, and one is wanted
	CodeTokenExpired Code = "token_expired" // the token was valid once
	CodeNotPermitted Code = "not_permitted" // this user may not do that there

	CodeTooLarge    Code = "too_large"    // the payload is larger than the channel allows
	CodeTooMany     Code = "too_many"     // commands in an array or in flight, or subscriptions
	CodeInvalidData Code = "invalid_data" // the payload does not fit the channel's schema
	CodeRateLimited Code = "rate_limited" // too much in too short a time

	CodeLogUnavailable Code = "log_unavailable" // the history can't be reached
	CodeLogFull        Code = "log_full"        // the history's storage is full
	CodeNoHistory      Code = "no_history"      // the channel keeps none
	CodeNoPresence     Code = "no_presence"     // the channel has none

	CodeAlreadySubscribed   Code = "already_subscribed"   // the subscription's number is in use
	CodeUnknownSubscription Code = "unknown_subscription" // no subscription has this number
	CodeUnknownMethod       Code = "unknown_method"       // nobody answers this method

	CodeUnavailable  Code = "unavailable"   // the backend that has to decide or answer can't be reached
	CodeShuttingDown Code = "shutting_down" // this node takes no new work
	CodeInternal     Code = "internal"      // a fault in the server
)

// Retry reports whether the same command may succeed later, unchanged, as a rule. What counts for
// one error is its own field Retry.
func (c Code) Retry() bool {
	switch c {
	case CodeRateLimited, CodeLogUnavailable, CodeLogFull, CodeUnavailable, CodeShuttingDown, CodeInternal:
		return true
	}
	return false
}

// Error is why a command was refused or a subscription ended, as it is sent. It is an error, too.
type Error struct {
	Code    Code
	Message string        // for people: what happened, to what, why, what to do
	Retry   bool          // the same command may succeed later, unchanged
	After   time.Duration // with Retry, not before; 0 for no such advice
	Ref     string        // what the server's log and console know this occasion by
}

// Errorf returns an error whose Retry is that of its code.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Retry: code.Retry()}
}

// Error returns the message with the code before and the ref behind it.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Ref != "" {
		s += " (ref " + e.Ref + ")"
	}
	return s
}

// maxMessageBytes is how much of a message is sent.
const maxMessageBytes = 1 << 10

func (e *Error) write(w *encoder) {
	at := w.object()
	w.text("code", string(e.Code))
	w.text("message", clip(e.Message, maxMessageBytes-len("…")))
	w.optFlag("retry", e.Retry)
	w.optSeconds("after", e.After)
	w.optText("ref", e.Ref)
	w.endObject(at)
}

func (e *Error) read(d *decoder) {
	d.fields("error", func(name string) {
		switch name {
		case "code":
			e.Code = Code(d.text(name, 1, MaxIDBytes))
		case "message":
			e.Message = d.text(name, 0, maxMessageBytes)
		case "retry":
			e.Retry = d.flag(name)
		case "after":
			e.After = d.seconds(name)
		case "ref":
			e.Ref = d.text(name, 0, MaxIDBytes)
		default:
			d.unknown(name)
		}
	}, "code")
}
