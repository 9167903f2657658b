package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

func newTokenInspect(std streams) *cobra.Command {
	var keys tokenKeys
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect [TOKEN]",
		Short: "Say what a token or an API key means, and whether it counts",
		Long: `Print what a token says, whether the server would take it and why, and what it lets do.
Without TOKEN, or with "-", it is read from stdin, so that it is not in the shell's
history. If the server would refuse it, the exit code is 1.`,
		Example:               "  holdfast token inspect < token.txt\n  holdfast token create --user ada | holdfast token inspect",
		Args:                  arguments(0, 1, "one token"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			token, err := tokenFrom(args, std)
			if err != nil {
				return err
			}
			a, err := keys.load()
			if err != nil {
				return err
			}
			return inspect(std, a, token, asJSON)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&asJSON, "json", false, "print one JSON object")
	keys.add(flags)
	return cmd
}

// tokenFrom returns the token of the command line, or of stdin.
func tokenFrom(args []string, std streams) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	text, err := io.ReadAll(io.LimitReader(std.in, 2*auth.MaxTokenBytes))
	if err != nil {
		return "", fail(exitFailed, "cannot read the token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fail(exitUsage, "there is no token on stdin; write it there, or as the argument")
	}
	return token, nil
}

// verdict is what there is to say about a token.
type verdict struct {
	*auth.Statement                   // nil for an API key
	Valid           bool              `json:"valid"`
	Code            auth.Code         `json:"code,omitempty"`
	Check           auth.Check        `json:"check,omitempty"`
	Problem         string            `json:"problem,omitempty"`
	By              string            `json:"by,omitempty"`
	User            string            `json:"user,omitempty"`
	TokenID         string            `json:"token_id,omitempty"`
	Expires         time.Time         `json:"expires,omitzero"`
	Grants          map[string]string `json:"grants,omitempty"`
	Manage          bool              `json:"manage,omitempty"`

	detail string // why, for whoever has the keys
	who    auth.Identity
}

// inspect prints the verdict on a token. The error says that it is refused.
func inspect(std streams, a auth.Config, token string, asJSON bool) error {
	v, err := judge(a, token)
	if err != nil {
		return err
	}
	if asJSON {
		text, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(std.out, "%s\n", text); err != nil {
			return err
		}
	} else if _, err := io.WriteString(std.out, v.String()); err != nil {
		return err
	}
	if !v.Valid {
		return fail(exitFailed, "the token would be refused: %s", v.Problem)
	}
	return nil
}

func judge(a auth.Config, token string) (*verdict, error) {
	v := &verdict{}
	if !auth.IsAPIKey(token) {
		if s, err := auth.Read(token); err == nil { // what is wrong is said below
			v.Statement = &s
		}
	}
	who, err := authenticate(a, token)
	if refused, ok := errors.AsType[*auth.Error](err); ok {
		v.Code, v.Check, v.Problem, v.detail = refused.Code, refused.Check, refused.Message, refused.Detail
		return v, nil
	} else if err != nil {
		return nil, fail(exitFailed, "cannot check the token: %w", err)
	}
	v.Valid, v.who = true, who
	v.By, v.User, v.TokenID, v.Expires = who.By, who.User, who.TokenID, who.Expires
	v.Grants, v.Manage = who.Grants.Claim(), who.Manage
	return v, nil
}

// String returns the verdict for people. Nothing in it can act on a terminal.
func (v *verdict) String() string {
	var b strings.Builder
	row := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s %s\n", label, visible(fmt.Sprintf(format, args...)))
	}
	if v.Statement != nil {
		b.WriteString("It says:\n")
		row("alg", "%s", v.Algorithm)
		row("kid", "%s", cmp.Or(v.KeyID, "none"))
		claims := v.Claims.Clone()
		if err := claims.Indent(jsontext.WithIndentPrefix("  "), jsontext.WithIndent("  ")); err == nil { // it is valid
			for line := range strings.SplitSeq(string(claims), "\n") {
				b.WriteString("  " + visible(strings.TrimPrefix(line, "  ")) + "\n")
			}
		}
		b.WriteString("\n")
	}
	if !v.Valid {
		fmt.Fprintf(&b, "It would be refused: %s\n", visible(v.Problem))
		if v.detail != "" {
			fmt.Fprintf(&b, "  (%s)\n", visible(v.detail))
		}
		return b.String()
	}
	b.WriteString("It counts:\n")
	row("by", "%s", v.By)
	if v.who.Server {
		row("for", "a server")
	} else {
		row("for", "the user %s", v.User)
	}
	row("until", "%s", until(v.Expires))
	row("revoke", "by the token id %s", v.TokenID)
	b.WriteString("\nWhat it lets do:\n")
	if v.Manage {
		b.WriteString("  look after the server, by the server API\n")
	}
	if v.who.Grants.None() && !v.who.Server {
		b.WriteString("  nothing of its own: only what the server's rules let every user do\n")
	}
	for _, pattern := range v.who.Grants.Patterns() {
		row("", "%-24s %s", pattern, strings.Join(actionsOn(&v.who, pattern), ", "))
	}
	return b.String()
}

func until(expires time.Time) string {
	if expires.IsZero() {
		return "it is revoked"
	}
	return fmt.Sprintf("%s, in %s, with the leeway", expires.UTC().Format(time.RFC3339), time.Until(expires).Round(time.Second))
}

// actionsOn returns the words for what may be done with the channels of a pattern.
func actionsOn(who *auth.Identity, pattern channel.Pattern) (words []string) {
	for _, one := range []struct {
		action auth.Action
		word   string
	}{{auth.Subscribe, "subscribe"}, {auth.History, "history"}, {auth.Publish, "publish"}, {auth.Presence, "presence"}} {
		if who.Grants.AllowsPattern(one.action, pattern) {
			words = append(words, one.word)
		}
	}
	return words
}
