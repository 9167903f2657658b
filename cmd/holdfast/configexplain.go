package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
	access "github.com/holdfast-dev/holdfast/internal/session"
)

type explainOptions struct {
	user, channel string
	grants        []string
	development   bool
}

func newConfigExplain(std streams) *cobra.Command {
	var o explainOptions
	cmd := &cobra.Command{
		Use:   "explain [FILE] --channel NAME [flags]",
		Short: "Say who may do what with a channel, and by which rule",
		Long: `Read a configuration file and the environment, and say what a user may do with a channel,
or with all channels of a pattern, and what decides it. Without --user it is somebody
who does not say who they are. FILE is ` + defaultConfigFile + ` unless given.`,
		Example: `  holdfast config explain --channel inbox/ada --user ada
  holdfast config explain --channel 'chat/#' --user bob --grant 'chat/#=r'`,
		Args:                  arguments(0, 1, "one file"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := channel.ParsePattern(o.channel)
			if err != nil {
				return fail(exitUsage, "--channel: %w", err)
			}
			who, err := o.identity()
			if err != nil {
				return fail(exitUsage, "--grant: %w", err)
			}
			c, err := config.Load(config.Options{File: configFile(args), Environ: os.Environ(), Development: o.development})
			if err != nil {
				return fail(exitFiles, "%w", err)
			}
			rules, err := rulesOf(c)
			if err != nil {
				return fail(exitFiles, "%w", err)
			}
			_, err = fmt.Fprint(std.out, explainAccess(rules, who, p))
			return err
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.channel, "channel", "", "the channel's `NAME`, or a pattern")
	flags.StringVar(&o.user, "user", "", "the user's `NAME`")
	flags.StringArrayVar(&o.grants, "grant", nil, "what its token grants, as in 'chat/#=rw' (`GRANT`, repeatable)")
	flags.BoolVar(&o.development, "development", false, "as holdfast dev takes the configuration")
	return cmd
}

// identity returns whom to explain it for.
func (o *explainOptions) identity() (*auth.Identity, error) {
	claim, err := auth.ParseGrants(o.grants)
	if err != nil {
		return nil, err
	}
	grants, err := auth.NewGrants(claim, o.user)
	return &auth.Identity{User: o.user, Grants: grants}, err
}

// explainAccess says what somebody may do, a line for each action.
func explainAccess(rules *policy.Rules, who *auth.Identity, p channel.Pattern) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, for %s:\n", visible(string(p)), visible(cmp.Or(who.User, "whoever does not say who they are")))
	for _, a := range []struct {
		action auth.Action
		name   string
	}{{auth.Subscribe, "subscribe"}, {auth.Publish, "publish"}, {auth.Presence, "presence"}, {auth.History, "history"}} {
		d := access.Decide(rules, who, a.action, p)
		answer := "no"
		if d.Allowed {
			answer = "yes"
		}
		fmt.Fprintf(&b, "  %-10s %-4s %s\n", a.name, answer, visible(reason(d, who, p)))
	}
	return b.String()
}

// reason says what has decided.
func reason(d access.Decision, who *auth.Identity, p channel.Pattern) string {
	by := fmt.Sprintf("the rule for %s is for %s", d.Rule.Name(), cmp.Or(d.Who, policy.Granted))
	switch {
	case d.Granted:
		return "the token grants it; " + by
	case d.Allowed:
		return by
	case d.Who == policy.Nobody:
		return by
	case d.Who == policy.Users && who.User == "":
		return by
	case d.Rule.Owner > 0 && d.Who != policy.Granted && d.Who != "" && !d.Rule.OwnedBy(who.User, p):
		return by + ", and this is not the user's own; nor does the token grant it"
	}
	return by + "; the token does not grant it"
}
