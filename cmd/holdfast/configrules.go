package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// rulesOf returns the rules of channels that a configuration asks for. The error is [config.Errors].
func rulesOf(c *config.Config) (*policy.Rules, error) {
	list := make([]policy.Rule, len(c.Channels))
	for i, r := range c.Channels {
		list[i] = policy.Rule{
			Channels:        r.Pattern,
			History:         policy.History{Count: r.History.Count, Age: r.History.Age, Bytes: int64(r.History.Bytes)},
			Delivery:        policy.Delivery(r.Delivery),
			Slow:            policy.Slow(r.Slow),
			Echo:            r.Echo,
			RetainLast:      r.RetainLast,
			Presence:        r.Presence,
			MaxMessageBytes: int64(r.MaxMessage),
		}
	}
	rules, err := policy.NewRules(list...)
	if wrong, ok := errors.AsType[policy.Errors](err); ok {
		return nil, placed(c, wrong)
	}
	return rules, err
}

// placed says where in the configuration the rules are that something is wrong with.
func placed(c *config.Config, wrong policy.Errors) config.Errors {
	errs := make(config.Errors, len(wrong))
	for i, one := range wrong {
		errs[i] = &config.Error{Place: c.Channels[one.Index].Place, Problem: fmt.Sprintf("channels[%d]: %s", one.Index, one.Problem)}
	}
	return errs
}

// describeRule returns what a rule makes of its channels, in words.
func describeRule(r *policy.Rule) string {
	words := []string{"keeps nothing"}
	if r.History.Kept() {
		words[0] = "keeps " + describeHistory(r.History)
	}
	if r.Delivery == policy.DeliverLatest {
		words = append(words, "delivers the latest")
	}
	switch r.Slow {
	case policy.SlowDrop:
		words = append(words, "drops what slow subscribers can't take")
	case policy.SlowDisconnect:
		words = append(words, "disconnects slow subscribers")
	case policy.SlowCatchUp:
		words = append(words, "lets slow subscribers catch up")
	}
	if !r.Echo {
		words = append(words, "no echo")
	}
	if r.Presence {
		words = append(words, "presence")
	}
	return strings.Join(words, "; ")
}

func describeHistory(h policy.History) string {
	var bounds []string
	if h.Count > 0 {
		bounds = append(bounds, count(h.Count, "message"))
	}
	if h.Age > 0 {
		bounds = append(bounds, config.FormatDuration(h.Age))
	}
	if h.Bytes > 0 {
		bounds = append(bounds, config.Size(h.Bytes).String()+" in all")
	}
	return strings.Join(bounds, ", ")
}
