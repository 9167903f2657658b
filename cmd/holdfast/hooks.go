package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/holdfast-dev/holdfast/client/webhook"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/hooks"
)

// hooksOf returns the hooks of a configuration. It reads the files of secrets. The error is [config.Errors].
func hooksOf(c *config.Config) ([]hooks.Hook, error) {
	var all []hooks.Hook
	var wrong config.Errors
	for i, h := range c.Hooks {
		hook, err := hookOf(h)
		if err == nil {
			err = hook.Check()
		}
		if err != nil {
			wrong = append(wrong, &config.Error{Place: h.Place, Problem: fmt.Sprintf("hooks[%d]: %v", i, err)})
		}
		all = append(all, hook)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return all, nil
}

func hookOf(h config.Hook) (hooks.Hook, error) {
	hook := hooks.Hook{
		Name:          h.Name,
		URL:           h.URL,
		Source:        h.Source,
		Timeout:       h.Timeout,
		Allow:         h.OnFailure == "allow",
		AllowPrivate:  h.AllowPrivate,
		InFlight:      h.InFlight,
		MaxReplyBytes: int64(h.MaxReply),
		Headers:       h.Headers,
		Batch:         h.Batch,
		MaxAge:        h.MaxAge,
		DeadLetter:    channel.Name(h.DeadLetter),
	}
	for _, event := range h.Events {
		hook.Kinds = append(hook.Kinds, hooks.Kind(event))
	}
	for _, pattern := range h.Channels {
		hook.Channels = append(hook.Channels, channel.Pattern(pattern))
	}
	for _, s := range h.Secrets {
		secret, err := readHookSecret(s)
		if err != nil {
			return hooks.Hook{}, err
		}
		hook.Secrets = append(hook.Secrets, secret)
	}
	return hook, nil
}

// readHookSecret reads a secret from its file, or takes it as it is.
func readHookSecret(s config.Secret) (webhook.Secret, error) {
	file, inFile := s.File()
	if !inFile {
		return webhook.ParseSecret(string(s))
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return webhook.Secret{}, fmt.Errorf("the secret can't be read: %w", err)
	}
	secret, err := webhook.ParseSecret(strings.TrimSpace(string(text)))
	if err != nil {
		return webhook.Secret{}, fmt.Errorf("%s: %w", file, err)
	}
	return secret, nil
}

// describeHook returns what a hook is for, in words.
func describeHook(h *config.Hook) string {
	words := strings.Join(h.Events, ", ")
	if len(h.Channels) > 0 {
		words += " of " + strings.Join(h.Channels, ", ")
	}
	if h.AllowPrivate {
		words += "; may be in a private network"
	}
	if h.OnFailure == "allow" {
		words += "; what it can't be asked is allowed"
	}
	return words
}
