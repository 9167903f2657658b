package session

import (
	"fmt"
	"slices"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

// Decision says whether somebody may do something, and what decides it.
type Decision struct {
	Allowed bool
	Rule    *policy.Rule // that allows it, or the first that does not
	Who     policy.Who   // what the rule says
	Granted bool         // by the token, not by the rule
}

// Decide decides whether who may do something with all channels that p selects: if it is allowed by each
// rule of these channels, or granted by who's token and no rule forbids that. It depends on nothing else.
func Decide(rules *policy.Rules, who *auth.Identity, action auth.Action, p channel.Pattern) Decision {
	if name, one := p.IsName(); one {
		return decideBy(rules.For(name), who, action, p)
	}
	var d Decision
	for _, r := range rules.Touching(p) {
		if d = decideBy(r, who, action, p); !d.Allowed {
			break
		}
	}
	return d
}

// DecideSome tells whether who may do something with the channels that p selects and one of the rules is for, if not with all
// of them: then Decide tells which.
func DecideSome(rules *policy.Rules, who *auth.Identity, action auth.Action, p channel.Pattern) bool {
	return slices.ContainsFunc(rules.Touching(p), func(r *policy.Rule) bool { return decideBy(r, who, action, p).Allowed })
}

// decideBy decides by one rule.
func decideBy(r *policy.Rule, who *auth.Identity, action auth.Action, p channel.Pattern) Decision {
	d := Decision{Rule: r, Who: access(r, action)}
	switch {
	case d.Who == policy.Nobody && !who.Server:
	case (d.Who == policy.Anyone || d.Who == policy.Users && who.User != "") && r.OwnedBy(who.User, p):
		d.Allowed = true
	default:
		d.Granted = who.Grants.AllowsPattern(action, p)
		d.Allowed = d.Granted
	}
	return d
}

// access returns whom a rule lets do something.
func access(r *policy.Rule, action auth.Action) policy.Who {
	switch action {
	case auth.Subscribe:
		return r.Access.Subscribe
	case auth.Publish:
		return r.Access.Publish
	case auth.Presence:
		return r.Access.Presence
	case auth.History:
		return r.Access.History
	}
	return policy.Nobody
}

// DeniedError says that a client may not do what it asked for.
type DeniedError struct {
	Action   auth.Action
	Channels channel.Pattern
	Decision Decision
	Known    bool // the server knows who the client is
}

// Error says what to do about it.
func (e *DeniedError) Error() string {
	what := fmt.Sprintf("you may not %s %s", verbs[e.Action], e.Channels)
	switch {
	case e.Decision.Who == policy.Nobody:
		return what + ": nobody may"
	case !e.Known:
		return what + " without saying who you are: send a token"
	}
	return what + ": neither a rule of the server nor your token allows it"
}

var verbs = map[auth.Action]string{
	auth.Subscribe: "subscribe to",
	auth.Publish:   "publish to",
	auth.Presence:  "see who is in",
	auth.History:   "read the history of",
}
