package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/schema"
)

// rulesOf returns the rules of channels that a configuration asks for. The error is [config.Errors].
func rulesOf(c *config.Config) (*policy.Rules, error) {
	list := make([]policy.Rule, len(c.Channels))
	var errs config.Errors
	for i, r := range c.Channels {
		channels, owner, err := policy.ParseChannels(string(r.Pattern))
		if err != nil {
			return nil, err // config has checked it
		}
		fits, err := schemaOf(&r)
		if err != nil {
			errs = append(errs, &config.Error{Place: r.Place, Problem: fmt.Sprintf("channels[%d].schema: %v", i, err)})
		}
		content, err := contentOf(&r.Content)
		if err != nil {
			return nil, err // config has checked it
		}
		list[i] = policy.Rule{
			Schema:          fits,
			Content:         content,
			Channels:        channels,
			Owner:           owner,
			Access:          accessOf(r.Access),
			Rate:            perSecond(r.Rate, 0),
			History:         policy.History{Count: r.History.Count, Age: r.History.Age, Bytes: int64(r.History.Bytes)},
			Delivery:        policy.Delivery(r.Delivery),
			Slow:            policy.Slow(r.Slow),
			Echo:            r.Echo,
			RetainLast:      r.RetainLast,
			Presence:        r.Presence,
			MaxMessageBytes: int64(r.MaxMessage),
		}
	}
	if n := len(list); c.Development && (n == 0 || !list[n-1].Channels.Covers("#")) {
		everything := policy.Default()
		everything.Access = policy.Open
		list = append(list, everything)
	}
	rules, err := policy.NewRules(list...)
	if wrong, ok := errors.AsType[policy.Errors](err); ok {
		errs = append(errs, placed(c, wrong)...)
	} else if err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return rules, nil
}

// schemaOf returns the schema that a rule asks for, or nil.
func schemaOf(r *config.ChannelRule) (*schema.Schema, error) {
	switch text, inline := r.SchemaText(); {
	case text == "":
		return nil, nil
	case inline:
		return schema.Parse("the schema in the rule", []byte(text))
	}
	return schema.Load(r.Schema)
}

// contentOf returns the content that a rule asks for, or nil.
func contentOf(c *config.Content) (*policy.Content, error) {
	if !c.Given() {
		return nil, nil
	}
	magic, err := c.Bytes()
	return &policy.Content{Types: c.Types, Magic: magic}, err
}

func accessOf(a config.Access) policy.Access {
	return policy.Access{
		Subscribe: policy.Who(a.Subscribe), Publish: policy.Who(a.Publish),
		Presence: policy.Who(a.Presence), History: policy.Who(a.History),
	}
}

// limitsOf returns the limits that a configuration asks for.
func limitsOf(l config.Limits) policy.Limits {
	largest := int(l.MaxMessage)
	return policy.Limits{
		Connections:           l.Connections,
		ConnectionsPerAddress: l.ConnectionsPerAddress,
		ConnectionsPerUser:    l.ConnectionsPerUser,
		Lifetime:              l.Lifetime,
		Idle:                  l.Idle,
		Handshakes:            inTurn(l.Handshakes),
		HandshakesPerAddress:  perSecond(l.HandshakesPerAddress, 0),
		Messages:              perSecond(l.Messages, 0),
		Bytes:                 perSecond(int(l.Bytes), largest),
		MessagesPerUser:       perSecond(l.MessagesPerUser, 0),
		BytesPerUser:          perSecond(int(l.BytesPerUser), largest),
	}
}

// perSecond is a rate that for a moment, as often as it is not used, may be twice as much, and at least as
// much as is asked for at once.
func perSecond(n, atOnce int) policy.Rate {
	if n == 0 {
		return policy.Rate{}
	}
	return policy.Rate{PerSecond: float64(n), Burst: max(2*n, atOnce)}
}

// inTurn is a rate for what can wait for its turn: so there is no need for much at once, which would hold up everything
// else.
func inTurn(n int) policy.Rate {
	if n == 0 {
		return policy.Rate{}
	}
	return policy.Rate{PerSecond: float64(n), Burst: max(n/10, 1)}
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
	if r.Rate.Limited() {
		words = append(words, fmt.Sprintf("%g messages a second", r.Rate.PerSecond))
	}
	if r.Schema != nil {
		words = append(words, "JSON by "+visible(r.Schema.Name()))
	}
	if r.Content != nil {
		words = append(words, describeContent(r.Content))
	}
	words = append(words, describeAccess(r.Access))
	return strings.Join(words, "; ")
}

// describeAccess says who may do what, in words.
func describeAccess(a policy.Access) string {
	who := func(w policy.Who) string { return string(cmp.Or(w, policy.Granted)) }
	if s := who(a.Subscribe); s == who(a.Publish) && s == who(a.Presence) && s == who(a.History) {
		return "for " + s
	}
	return fmt.Sprintf("subscribe: %s, publish: %s, presence: %s, history: %s", who(a.Subscribe), who(a.Publish), who(a.Presence), who(a.History))
}

func describeContent(c *policy.Content) string {
	if len(c.Types) == 0 {
		return "binary"
	}
	return "binary of " + strings.Join(c.Types, ", ")
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
