package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/config"
	"github.com/holdfast-dev/holdfast/internal/policy"
)

func newConfigCheck(std streams) *cobra.Command {
	var old string
	cmd := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say what is wrong with a configuration, or what it means",
		Long: `Read a configuration file and the environment, without starting anything. Everything
that is wrong is a line on stderr, with its place; then the exit code is 4. Otherwise it
says "ok" and what the configuration means. FILE is ` + defaultConfigFile + ` unless given.

With --breaking it says instead, a line each, what the configuration refuses, or may
refuse, that an older one allowed: narrower access, lower limits, stricter schemas, lost
origins, presence and history. Then the exit code is 1. Keys, certificates and addresses
are not compared.`,
		Example: "  holdfast config check\n  HOLDFAST_LOG_LEVEL=debug holdfast config check /etc/holdfast.yaml" +
			"\n  holdfast config check --breaking old.yaml new.yaml",
		Args:                  arguments(0, 1, "one file"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			file := configFile(args)
			c, rules, err := checked(std, file)
			if err != nil {
				return err
			}
			if old == "" {
				return summarize(std, file, c, rules)
			}
			before, beforeRules, err := checked(std, old)
			if err != nil {
				return err
			}
			return tellBreaking(std, old, file, findBreaking(before, c, beforeRules, rules))
		},
	}
	cmd.Flags().StringVar(&old, "breaking", "", "say what is refused that the configuration in `OLD` allowed")
	return cmd
}

// checked returns the configuration in a file, or tells all that is wrong with it.
func checked(std streams, file string) (*config.Config, *policy.Rules, error) {
	c, err := config.Load(config.Options{File: file, Environ: os.Environ()})
	var rules *policy.Rules
	if err == nil {
		rules, err = rulesOf(c)
	}
	if err == nil {
		_, err = authOf(c)
	}
	if err == nil {
		_, err = hooksOf(c)
	}
	if err == nil {
		_, err = hubsOf(c)
	}
	if wrong, ok := errors.AsType[config.Errors](err); ok {
		for _, one := range wrong {
			fmt.Fprintln(std.err, visible(one.Error()))
		}
		return nil, nil, fail(exitFiles, "the configuration has %s", count(len(wrong), "error"))
	} else if err != nil {
		return nil, nil, fail(exitFiles, "%w; name a file, or write one with: holdfast config init", err)
	}
	return c, rules, nil
}

// tellBreaking prints what a configuration refuses and an older one did not.
func tellBreaking(std streams, old, file string, lines []string) error {
	if len(lines) == 0 {
		_, err := fmt.Fprintf(std.out, "ok: %s refuses nothing that %s allowed\n", visible(file), visible(old))
		return err
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(std.out, visible(line)); err != nil {
			return err
		}
	}
	return fail(exitFailed, "%s refuses what %s allowed, or may, in %s", file, old, count(len(lines), "place"))
}

// summarize prints what a configuration means.
func summarize(std streams, file string, c *config.Config, rules *policy.Rules) error {
	var b strings.Builder
	fmt.Fprintf(&b, "ok: %s\n\n", visible(file))
	row := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s %s\n", label, visible(fmt.Sprintf(format, args...)))
	}
	row("https", "%s", cmp.Or(c.Listen.HTTPS, "off"))
	row("http", "%s", cmp.Or(c.Listen.HTTP, "off"))
	if len(c.Listen.Proxies) > 0 {
		row("proxies", "%s", strings.Join(c.Listen.Proxies, ", "))
	}
	if tls := describeTLS(&c.TLS); tls != "" {
		row("tls", "%s", tls)
	}
	if c.Serve.Static != "" {
		row("site", "%s", c.Serve.Static)
	}
	row("origins", "%s", strings.Join(append([]string{"the same"}, c.Listen.Origins...), ", "))
	row("tokens", "%s", describeAuth(&c.Auth))
	row("data", "%s", cmp.Or(c.Data.Dir, "your data directory"))
	row("broker", "%s", brokerHost(c.Broker.URL))
	row("limits", "messages of %s, send queues of %s", c.Limits.MaxMessage, c.Limits.SendQueue)
	row("log", "%s, %s", c.Log.Level, c.Log.Format)
	b.WriteString("\n  Channels, by the first that matches:\n")
	for _, r := range rules.All() {
		fmt.Fprintf(&b, "  %-20s %s\n", visible(r.Name()), describeRule(r))
	}
	if len(c.Hooks) > 0 {
		b.WriteString("\n  Hooks:\n")
	}
	for _, h := range c.Hooks {
		fmt.Fprintf(&b, "  %-20s %s\n", visible(h.Name), visible(describeHook(&h)))
	}
	if len(c.SignalR) > 0 {
		b.WriteString("\n  Hubs of SignalR:\n")
	}
	for _, h := range c.SignalR {
		fmt.Fprintf(&b, "  %-20s %s\n", visible(h.Path), visible(describeHub(&h)))
	}
	_, err := io.WriteString(std.out, b.String())
	return err
}

// brokerHost names the broker without the password that its URL may hold.
func brokerHost(list string) string {
	if list == "" {
		return "inside the process"
	}
	var hosts []string
	for one := range strings.SplitSeq(list, ",") {
		u, err := url.Parse(strings.TrimSpace(one))
		if err == nil { // config has checked it
			hosts = append(hosts, u.Redacted())
		}
	}
	return strings.Join(hosts, ", ")
}
