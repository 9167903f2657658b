package session

import (
	"errors"
	"fmt"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/schema"
	"github.com/holdfast-dev/holdfast/websocket"
)

// TooLargeError says that a message is larger than its channel's rule allows.
type TooLargeError struct {
	Channel    channel.Name
	LimitBytes int64
}

// Error names the channel and the limit.
func (e *TooLargeError) Error() string {
	return fmt.Sprintf("the message is larger than the limit of %d bytes of channel %s", e.LimitBytes, e.Channel)
}

// InvalidDataError says that a message is not what its channel's rule wants.
type InvalidDataError struct {
	Channel channel.Name
	Rule    string // its pattern
	Path    string // a JSON Pointer to what is at fault in the message; "" for all of it
	Problem string // with that
}

// Error names the path and the rule.
func (e *InvalidDataError) Error() string {
	at := ""
	if e.Path != "" {
		at = "at " + e.Path + ": "
	}
	return fmt.Sprintf("the message is refused: %s%s (rule %s)", at, e.Problem, e.Rule)
}

// fits tells whether a message is as its rule wants it. The error is a *TooLargeError or an *InvalidDataError.
func fits(rule *policy.Rule, m *broker.Message) error {
	if most := rule.MaxMessageBytes; most > 0 && int64(len(m.Payload)) > most {
		return &TooLargeError{m.Channel, most}
	}
	if rule.Schema == nil && rule.Content == nil {
		return nil
	}
	path, problem := invalid(rule, m)
	if problem == "" {
		return nil
	}
	return &InvalidDataError{Channel: m.Channel, Rule: rule.Name(), Path: path, Problem: problem}
}

// invalid says where and why a message does not fit the schema or the content that its rule asks for; no
// problem if it does.
func invalid(rule *policy.Rule, m *broker.Message) (path, problem string) {
	binary := m.Type == websocket.Binary
	switch {
	case rule.Content != nil && !binary:
		return "", "it is text, and the channel takes binary messages"
	case rule.Content != nil && !rule.Content.Begins(m.Payload):
		return "", "it does not begin as the messages of the channel have to"
	case rule.Schema != nil && binary:
		return "", "it is binary, and the channel takes JSON text"
	case rule.Schema == nil:
		return "", ""
	}
	err := rule.Schema.Check(m.Payload)
	if fault, ok := errors.AsType[*schema.Mismatch](err); ok {
		return fault.Path, fault.Problem
	}
	if err != nil {
		return "", err.Error()
	}
	return "", ""
}
