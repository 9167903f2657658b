package session_test

import (
	"testing"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/policy"
	"github.com/holdfast-dev/holdfast/internal/session"
)

// accessRules are rules of all kinds.
func accessRules(t testing.TB) *policy.Rules {
	t.Helper()
	rule := func(channels string, a policy.Access) policy.Rule {
		r := policy.Default()
		var err error
		if r.Channels, r.Owner, err = policy.ParseChannels(channels); err != nil {
			t.Fatal(err)
		}
		r.Access = a
		return r
	}
	rules, err := policy.NewRules(
		rule("open/#", policy.Open),
		rule("news/#", policy.Access{Subscribe: policy.Anyone, Publish: policy.Granted, History: policy.Users, Presence: policy.Nobody}),
		rule("inbox/{user}/#", policy.Access{Subscribe: policy.Users, Publish: policy.Users, History: policy.Users}),
		rule("closed/#", policy.Access{Subscribe: policy.Nobody, Publish: policy.Nobody, Presence: policy.Nobody, History: policy.Nobody}),
		rule("staff/+", policy.Access{Subscribe: policy.Users}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func identity(t testing.TB, user string, grants map[string]string) *auth.Identity {
	t.Helper()
	g, err := auth.NewGrants(grants, user)
	if err != nil {
		t.Fatal(err)
	}
	return &auth.Identity{User: user, Grants: g}
}

func TestWhoMayDoWhat(t *testing.T) {
	rules := accessRules(t)
	nobody := new(auth.Identity)
	ada := identity(t, "ada", map[string]string{"chat/#": "rw", "alerts/+": "r", "closed/#": "rwp"})
	plus, hash := identity(t, "+", nil), identity(t, "#", nil)
	empty := identity(t, "", map[string]string{"chat/#": "r"})
	backend := identity(t, "", map[string]string{"#": "rwp"})
	backend.Server = true
	narrow := identity(t, "", map[string]string{"chat/#": "w"})
	narrow.Server = true
	const sub, pub, pre, his = auth.Subscribe, auth.Publish, auth.Presence, auth.History
	for _, test := range []struct {
		name     string
		who      *auth.Identity
		action   auth.Action
		channels channel.Pattern
		allowed  bool
	}{
		{"anyone in the open", nobody, pub, "open/a", true},
		{"a user in the open", ada, pre, "open/a", true},
		{"a pattern in the open", nobody, sub, "open/#", true},
		{"anyone reads news", nobody, sub, "news/today", true},
		{"but does not write them", nobody, pub, "news/today", false},
		{"nor does a user without a grant", ada, pub, "news/today", false},
		{"only users read old news", nobody, his, "news/today", false},
		{"only users read old news, such as ada", ada, his, "news/today", true},
		{"nobody sees who reads them", ada, pre, "news/today", false},

		{"one's own inbox", ada, sub, "inbox/ada/new", true},
		{"one's own inbox, all of it", ada, sub, "inbox/ada/#", true},
		{"another's inbox", ada, sub, "inbox/bob/new", false},
		{"all inboxes", ada, sub, "inbox/+/new", false},
		{"everything below inbox", ada, sub, "inbox/#", false},
		{"an inbox without a name", nobody, sub, "inbox/ada/new", false},
		{"a user called +", plus, sub, "inbox/+/new", false},
		{"a user called #", hash, sub, "inbox/#", false},
		{"a token without a user owns nothing", empty, sub, "inbox/ada/new", false},
		{"presence of an inbox is for grants alone", ada, pre, "inbox/ada/new", false},

		{"what is granted", ada, sub, "chat/lobby", true},
		{"what is granted, as a pattern", ada, pub, "chat/#", true},
		{"more than is granted", ada, sub, "#", false},
		{"reading, not writing", ada, pub, "alerts/fire", false},
		{"reading", ada, sub, "alerts/fire", true},
		{"reading includes what is kept", ada, his, "alerts/fire", true},
		{"the segment below", ada, sub, "alerts/fire/now", false},
		{"a rule forbids what is granted", ada, sub, "closed/a", false},
		{"what nobody mentions", ada, sub, "else", false},
		{"what nobody mentions, by nobody", nobody, sub, "else", false},
		{"a grant without a user", empty, sub, "chat/lobby", true},

		{"users of one rule", ada, sub, "staff/ada", true},
		{"a pattern across rules, one of which says no", ada, sub, "+/ada", false},
		{"a pattern across rules, for nobody", nobody, sub, "+/a", false},

		{"a backend with all grants", backend, pub, "closed/a", true},
		{"a backend with all grants, everywhere", backend, sub, "#", true},
		{"a backend with one grant", narrow, pub, "chat/a", true},
		{"a backend with one grant, elsewhere", narrow, pub, "closed/a", false},
	} {
		d := session.Decide(rules, test.who, test.action, test.channels)
		if d.Allowed != test.allowed {
			t.Errorf("%s: allowed is %v, by the rule %s, which says %q", test.name, d.Allowed, d.Rule.Channels, d.Who)
		}
	}
}

func TestADecisionTakesNoMemory(t *testing.T) {
	rules := accessRules(t)
	ada := identity(t, "ada", map[string]string{"chat/#": "rw"})
	for _, name := range []channel.Name{"open/a", "inbox/ada/new", "chat/lobby", "else"} {
		if n := testing.AllocsPerRun(100, func() { session.Decide(rules, ada, auth.Publish, name.Pattern()) }); n > 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	rules := accessRules(b)
	ada := identity(b, "ada", map[string]string{"chat/#": "rw", "alerts/+": "r"})
	for _, name := range []channel.Name{"open/a", "inbox/ada/new", "chat/lobby"} {
		b.Run(string(name), func(b *testing.B) {
			for b.Loop() {
				session.Decide(rules, ada, auth.Publish, name.Pattern())
			}
		})
	}
}

func TestWhoMayDoSomethingWithAPartOfAPattern(t *testing.T) {
	open, shut := policy.Default(), policy.Default()
	open.Channels, open.Access.Subscribe = "open/#", policy.Anyone
	shut.Channels, shut.Access.Subscribe = "shut/#", policy.Nobody
	rules, err := policy.NewRules(open, shut)
	if err != nil {
		t.Fatal(err)
	}
	who := new(auth.Identity)
	for pattern, want := range map[channel.Pattern]bool{"#": true, "open/a": true, "+/a": true, "shut/#": false, "other/+": false} {
		if got := session.DecideSome(rules, who, auth.Subscribe, pattern); got != want {
			t.Errorf("a part of %s: %t", pattern, got)
		}
	}
}
