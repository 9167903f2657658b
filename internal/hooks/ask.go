package hooks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/holdfast-dev/holdfast/protocol"
)

const (
	askAgainAfter = 100 * time.Millisecond // when there was no connection
	retryUsual    = time.Second            // what a client is told to wait
	retryMost     = 10 * time.Second
)

// question is one that a client waits for.
type question struct {
	kind     Kind
	subject  string // the channel or the method; "" for none
	data     any
	harmless bool // asking twice does no more than asking once
}

// ask puts a question to the backend and reads what it answers into reply. The error is a *Refusal, an
// *Unavailable, ErrNotAsked, or the cause of ctx.
func (b *backend) ask(ctx context.Context, q question, reply any) error {
	err := b.try(ctx, q, reply)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if refused, ok := errors.AsType[*Refusal](err); ok {
		return refused
	}
	happens := "it is refused"
	if b.Allow {
		happens = "it happens as if there were no hook"
	}
	b.lines.Do(func() {
		b.log.Warn("a hook could not be asked, and "+happens, "event", q.kind, "error", err)
	})
	if b.Allow {
		return ErrNotAsked
	}
	after := max(b.asking.refusing(), retryUsual)
	if answered, ok := errors.AsType[*StatusError](err); ok {
		after = max(after, answered.After)
	}
	after = min(after, retryMost)
	return &Unavailable{Hook: b.Name, After: after, Err: err}
}

// try waits for its turn, and asks within the time of the hook.
func (b *backend) try(ctx context.Context, q question, reply any) error {
	if b.asking.refusing() > 0 {
		b.meter.unsent(asks, outcomeOpen)
		return errOpen
	}
	ctx, cancel := context.WithTimeoutCause(ctx, b.Timeout, errTimeout)
	defer cancel()
	select {
	case b.turns <- struct{}{}:
		defer func() { <-b.turns }()
	case <-ctx.Done():
		b.meter.unsent(asks, outcomeBusy)
		if cause := context.Cause(ctx); !errors.Is(cause, errTimeout) {
			return cause
		}
		return errBusy
	}
	pass, wait := b.asking.enter()
	if wait > 0 {
		b.meter.unsent(asks, outcomeOpen)
		return errOpen
	}
	began := time.Now()
	err := b.send(ctx, q, reply)
	how, counted := judge(ctx, err)
	if pass.end(how) {
		b.log.Error("a hook has failed too often; it is not asked for a while", "error", err)
	}
	b.meter.done(asks, counted, time.Since(began))
	return err
}

// judge says how a call ended: for the breaker, and for those who count.
func judge(ctx context.Context, err error) (outcome, string) {
	switch {
	case err == nil:
		return succeeded, outcomeOK
	case errors.Is(context.Cause(ctx), context.Canceled): // whoever asked has gone
		return undecided, outcomeFailed
	}
	if _, refused := errors.AsType[*Refusal](err); refused {
		return succeeded, outcomeRefused
	}
	if blamesBackend(err) {
		return failed, outcomeFailed
	}
	return succeeded, outcomeFailed
}

// send makes the request, and once more if the first has not left; or, of a question that does no harm, if
// it got no answer at all, because the backend may have closed the connection at that moment.
func (b *backend) send(ctx context.Context, q question, reply any) error {
	id := rand.Text()
	e, err := b.newEnvelope(q.kind, id, time.Now(), q.data)
	if err != nil {
		return fmt.Errorf("the question can't be written: %w", err)
	}
	e.Subject = q.subject
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("the question can't be written: %w", err)
	}
	answer, err := b.post(ctx, id, contentOne, body, b.MaxReplyBytes)
	if err != nil && q.again(err) && pause(ctx, askAgainAfter) {
		answer, err = b.post(ctx, id, contentOne, body, b.MaxReplyBytes)
	}
	if err != nil {
		return err
	}
	return b.understand(answer, reply)
}

// again tells whether a question that failed may be sent once more.
func (q *question) again(err error) bool {
	if at, ok := errors.AsType[*AddressError](err); ok && at != nil {
		return false // it is the same one then
	}
	if _, unsent := errors.AsType[*unsentError](err); unsent {
		return true
	}
	_, answered := errors.AsType[*StatusError](err)
	return q.harmless && !answered && !errors.Is(err, errTimeout)
}

// pause waits, and tells whether there is time left.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// The bounds of a refusal.
const (
	maxCodeBytes    = 64
	codeBytes       = "abcdefghijklmnopqrstuvwxyz0123456789_" // so that it can stand in a log and a metric
	maxMessageBytes = 1 << 10
)

// refusal is how a backend says no, in whatever it was asked.
type refusal struct {
	Error *struct {
		Code    string  `json:"code"`
		Message string  `json:"message"`
		Retry   bool    `json:"retry"`
		After   float64 `json:"after"` // seconds
	} `json:"error"`
}

// understand reads an answer: an object in JSON, with error or what reply has. No answer is an empty one.
func (b *backend) understand(answer []byte, reply any) error {
	if answer == nil {
		answer = []byte("{}")
	}
	if kind := jsontext.Value(answer).Kind(); kind != '{' {
		return errors.New("the answer is no object in JSON; where there is nothing to say, it is {}")
	}
	var no refusal
	if err := json.Unmarshal(answer, &no); err != nil {
		return fmt.Errorf("the answer can't be understood: %w", err)
	}
	if no.Error == nil {
		if err := json.Unmarshal(answer, reply); err != nil {
			return fmt.Errorf("the answer can't be understood: %w", err)
		}
		return nil
	}
	code := no.Error.Code
	switch {
	case code == "":
		code = string(protocol.CodeNotPermitted)
	case len(code) > maxCodeBytes || strings.Trim(code, codeBytes) != "":
		return fmt.Errorf("the code of the refusal has %d bytes, and may have %d, of a-z, 0-9 and _", len(code), maxCodeBytes)
	}
	message := no.Error.Message
	switch {
	case message == "":
		message = "the application does not permit this"
	case len(message) > maxMessageBytes:
		return fmt.Errorf("the message of the refusal has %d bytes, and may have %d", len(message), maxMessageBytes)
	}
	after := time.Duration(min(max(no.Error.After, 0), mostRetryAfter.Seconds()) * float64(time.Second))
	return &Refusal{Hook: b.Name, Answer: &protocol.Error{
		Code: protocol.Code(code), Message: message, Retry: no.Error.Retry || after > 0, After: after,
	}}
}
