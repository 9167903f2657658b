package auth

import (
	"fmt"
	"log/slog"
	"strconv"
)

// Code is what a client is told; its values are codes of the Holdfast protocol.
type Code string

const (
	Unauthorized Code = "unauthorized"  // get another token
	TokenExpired Code = "token_expired" // this one was good once: get a new one
	Unavailable  Code = "unavailable"   // nobody can tell at present; the same may succeed later
)

// Check is the stable name of a check, for counters and tests.
type Check string

// The checks, in about the order in which they are made.
const (
	CheckCredentials Check = "credentials" // which of several, or in a place where none may be
	CheckAPIKey      Check = "api_key"
	CheckSize        Check = "size"
	CheckForm        Check = "form" // three parts in base64url
	CheckHeader      Check = "header"
	CheckAlgorithm   Check = "algorithm"
	CheckKey         Check = "key" // that the token names
	CheckKeysKnown   Check = "keys_known"
	CheckSignature   Check = "signature"
	CheckClaims      Check = "claims" // their form
	CheckIssuer      Check = "issuer"
	CheckAudience    Check = "audience"
	CheckExpiry      Check = "expiry"
	CheckNotBefore   Check = "not_before"
	CheckIssued      Check = "issued"
	CheckLifetime    Check = "lifetime"
	CheckUser        Check = "user"
	CheckChannels    Check = "channels"
	CheckInfo        Check = "info"
	CheckRevoked     Check = "revoked"
)

// Error says which check credentials have failed.
type Error struct {
	Code    Code
	Check   Check
	Message string // for the client: what happened and what to do
	Detail  string // for the operator alone; may be empty
}

// Error returns the message for the client.
func (e *Error) Error() string { return e.Message }

// LogValue adds what only the operator may know.
func (e *Error) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("code", string(e.Code)), slog.String("check", string(e.Check)), slog.String("message", e.Message)}
	if e.Detail != "" {
		attrs = append(attrs, slog.String("detail", e.Detail))
	}
	return slog.GroupValue(attrs...)
}

// refuse returns an error without more detail.
func refuse(check Check, format string, args ...any) *Error {
	return &Error{Code: Unauthorized, Check: check, Message: fmt.Sprintf(format, args...)}
}

// because adds the detail for the operator.
func (e *Error) because(format string, args ...any) *Error {
	e.Detail = fmt.Sprintf(format, args...)
	return e
}

// maxQuotedBytes bounds how much of what a stranger sent is repeated.
const maxQuotedBytes = 64

// quote returns s so that it can be logged or sent, and shortened when long.
func quote(s string) string {
	if len(s) > maxQuotedBytes {
		return strconv.QuoteToASCII(s[:maxQuotedBytes]) + "…"
	}
	return strconv.QuoteToASCII(s)
}
