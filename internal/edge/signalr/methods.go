package signalr

import (
	"github.com/go-json-experiment/json"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/protocol"
)

// builtinMethod is a method that every hub has.
type builtinMethod struct {
	run         func(*conn, *call)
	streams     bool   // it is answered with a stream
	least, most int    // arguments
	takes       string // these, for people
}

// builtin are the methods of every hub, by name in lower case.
var builtin = map[string]*builtinMethod{
	"subscribe":   {run: (*conn).callSubscribe, least: 1, most: 2, takes: "a channel and maybe a position or options"},
	"unsubscribe": {run: (*conn).callUnsubscribe, least: 1, most: 1, takes: "a channel"},
	"stream":      {run: (*conn).callStream, streams: true, least: 1, most: 2, takes: "a channel and maybe a position or options"},
	"publish":     {run: (*conn).callPublish, least: 1, most: 3, takes: "a channel, data and maybe options"},
	"presence":    {run: (*conn).callPresence, least: 1, most: 2, takes: "a channel and maybe options"},
	"history":     {run: (*conn).callHistory, least: 1, most: 2, takes: "a channel and maybe options"},
}

// badArgument refuses an argument.
func badArgument(format string, args ...any) error {
	return protocol.Errorf(protocol.CodeBadCommand, format, args...)
}

func badChannel(err error) error {
	return protocol.Errorf(protocol.CodeBadChannel, "%v", err)
}

// name reads the argument that is a channel's name.
func (k *call) name() (channel.Name, error) {
	text, ok := k.arguments[0].Text()
	if !ok {
		return "", badArgument("the first argument is the channel: a text")
	}
	name, err := channel.Parse(text)
	if err != nil {
		return "", badChannel(err)
	}
	return name, nil
}

// pattern reads the argument that is a channel's name or a pattern.
func (k *call) pattern() (channel.Pattern, error) {
	text, ok := k.arguments[0].Text()
	if !ok {
		return "", badArgument("the first argument is the channel: a text")
	}
	p, err := channel.ParsePattern(text)
	if err != nil {
		return "", badChannel(err)
	}
	return p, nil
}

// options reads the argument with a number, which is an object whose fields are those of into. It may be missing or null.
func (k *call) options(at int, into any) error {
	if at >= len(k.arguments) {
		return nil
	}
	if err := json.Unmarshal(k.arguments[at].AppendJSON(nil), into, json.RejectUnknownMembers(true)); err != nil {
		return badArgument("argument %d is an object of options: %v", at, err)
	}
	return nil
}

// positions reads positions as clients write them, "" for none.
func positions(text string) ([]broker.Position, error) {
	if text == "" {
		return nil, nil
	}
	all, err := protocol.ParsePositions(text)
	if err != nil {
		return nil, badArgument("%v", err)
	}
	at := make([]broker.Position, len(all))
	for i, p := range all {
		at[i] = broker.Position{Epoch: p.Epoch, Offset: p.Offset}
	}
	return at, nil
}

// callSubscribe is Subscribe(channel, position or options).
func (c *conn) callSubscribe(k *call) {
	p, o, err := k.subscription()
	if err != nil {
		k.fail(err)
		return
	}
	c.subscribe(k, p, o)
}

// callStream is Stream(channel, position or options): the messages are the items.
func (c *conn) callStream(k *call) { c.callSubscribe(k) }

// subscription reads what is to be subscribed to.
func (k *call) subscription() (p channel.Pattern, o subscribeOptions, err error) {
	if p, err = k.pattern(); err != nil {
		return p, o, err
	}
	if len(k.arguments) > 1 {
		if text, ok := k.arguments[1].Text(); ok {
			o.Since = text
		} else if err = k.options(1, &o); err != nil {
			return p, o, err
		}
	}
	if o.since, err = positions(o.Since); err == nil && o.Last < 0 {
		err = badArgument("last is a number of messages")
	}
	if err == nil && len(o.since) > 0 && o.Last > 0 {
		err = badArgument("since and last contradict each other; use one of them")
	}
	return p, o, err
}

// callUnsubscribe is Unsubscribe(channel).
func (c *conn) callUnsubscribe(k *call) {
	p, err := k.pattern()
	if err != nil {
		k.fail(err)
		return
	}
	c.unsubscribe(k, channel.Name(p))
}

// callPublish is Publish(channel, data, options). Without data but with a stream, each item of that is published.
func (c *conn) callPublish(k *call) {
	name, err := k.name()
	var o publishOptions
	if err == nil {
		err = k.options(2, &o)
	}
	switch {
	case err != nil:
		k.fail(err)
	case len(k.streams) == 1 && len(k.arguments) == 1:
		c.publishStream(k, name)
	case len(k.arguments) == 1:
		k.complain("The method '%s' takes data, or a stream of them.", k.method)
	default:
		c.publish(k, name, k.arguments[1], o)
	}
}

// callPresence is Presence(channel, options).
func (c *conn) callPresence(k *call) {
	name, err := k.name()
	var o pageOptions
	if err == nil {
		err = k.options(1, &o)
	}
	if err != nil {
		k.fail(err)
		return
	}
	c.presence(k, name, o)
}

// callHistory is History(channel, options).
func (c *conn) callHistory(k *call) {
	name, err := k.name()
	var o historyOptions
	if err == nil {
		err = k.options(1, &o)
	}
	if err == nil {
		o.since, err = positions(o.Since)
	}
	if err != nil {
		k.fail(err)
		return
	}
	c.history(k, name, o)
}
