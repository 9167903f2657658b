// Package webhook checks that a request comes from a Holdfast server, in the backend that answers its hooks
// (docs/hooks.md). The signatures are those of Standard Webhooks (https://www.standardwebhooks.com), so any
// of its libraries does as well.
//
//	verifier, err := webhook.NewVerifier(os.Getenv("HOLDFAST_HOOK_SECRET"))
//	…
//	func(w http.ResponseWriter, r *http.Request) {
//		body, err := verifier.Read(r)
//		if err != nil {
//			http.Error(w, err.Error(), http.StatusUnauthorized)
//			return
//		}
//		…
//	}
//
// The same event comes again, with the same webhook-id, when its answer got lost: keep the ids of some
// minutes, and answer a repeat without doing the work twice.
package webhook

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed request.
const (
	HeaderID        = "Webhook-Id"        // of the event, the same whenever it is sent
	HeaderTimestamp = "Webhook-Timestamp" // when it was sent, in seconds since 1970
	HeaderSignature = "Webhook-Signature" // one or several, with spaces between them
)

const (
	// Tolerance is how old, or how far ahead, a request may be: a signature that somebody has overheard is
	// of no use later.
	Tolerance = 5 * time.Minute

	// MaxBodyBytes is the most that [Verifier.Read] reads.
	MaxBodyBytes = 16 << 20

	maxSignatures = 16 // of one request; the rest is not looked at
)

// Errors of a request that is not to be answered. What is returned wraps one of them, and may be shown.
var (
	ErrUnsigned  = errors.New("the request has no webhook-id, webhook-timestamp and webhook-signature; it does not come from a hook")
	ErrTime      = errors.New("the request was signed too long ago, or is ahead of this clock; check the clocks of both machines")
	ErrSignature = errors.New("no signature of the request was made with a secret that is known here; compare the secrets of both sides")
)

// Sign adds to h what a receiver checks: the id of the event, the time, and a signature with each secret, the
// newest first. None of the secrets may be a public key.
func Sign(h http.Header, id string, at time.Time, body []byte, secrets ...Secret) {
	seconds := strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(secrets))
	for i, s := range secrets {
		signatures[i] = s.sign(signed(id, seconds, body))
	}
	h.Set(HeaderID, id)
	h.Set(HeaderTimestamp, seconds)
	h.Set(HeaderSignature, strings.Join(signatures, " "))
}

// signed returns what a signature is of.
func signed(id, seconds string, body []byte) []byte {
	text := make([]byte, 0, len(id)+len(seconds)+len(body)+2)
	text = append(append(text, id...), '.')
	text = append(append(text, seconds...), '.')
	return append(text, body...)
}

// Verifier checks requests. Its methods may be called from any goroutine.
type Verifier struct {
	secrets []Secret
	now     func() time.Time
}

// NewVerifier returns a Verifier that takes signatures made with any of the secrets, as [ParseSecret] reads
// them. There are several while one replaces another.
func NewVerifier(secrets ...string) (*Verifier, error) {
	if len(secrets) == 0 {
		return nil, errors.New("there is no secret to check signatures with")
	}
	v := &Verifier{now: time.Now}
	for _, text := range secrets {
		s, err := ParseSecret(text)
		if err != nil {
			return nil, err
		}
		v.secrets = append(v.secrets, s)
	}
	return v, nil
}

// Verify checks the signature of a request with such headers and such a body, byte for byte as it was
// received. The error wraps ErrUnsigned, ErrTime or ErrSignature. How long it takes does not depend on how
// much of a signature is right.
func (v *Verifier) Verify(h http.Header, body []byte) error {
	id, seconds, signatures := h.Get(HeaderID), h.Get(HeaderTimestamp), h.Get(HeaderSignature)
	if id == "" || seconds == "" || signatures == "" {
		return ErrUnsigned
	}
	sent, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("%w (webhook-timestamp is no number)", ErrTime)
	}
	if off := v.now().Sub(time.Unix(sent, 0)).Abs(); off > Tolerance {
		return fmt.Errorf("%w (it is %s off, and may be %s)", ErrTime, off.Round(time.Second), Tolerance)
	}
	text := signed(id, seconds, body)
	for i, signature := range strings.Split(signatures, " ") {
		if i == maxSignatures {
			break
		}
		for _, s := range v.secrets {
			if s.made(signature, text) {
				return nil
			}
		}
	}
	return ErrSignature
}

// Read returns the body of a request whose signature is right. The error is that of Verify, or says that the
// body can't be read or is larger than 16 MiB.
func (v *Verifier) Read(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBodyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("the request can't be read: %w", err)
	}
	if len(body) > MaxBodyBytes {
		return nil, fmt.Errorf("the request is larger than %d bytes", MaxBodyBytes)
	}
	if err := v.Verify(r.Header, body); err != nil {
		return nil, err
	}
	return body, nil
}
