package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/holdfast-dev/holdfast/internal/config/nearest"
)

// usageTemplate is what --help prints below a verb's sentence. Hidden flags and verbs stay out.
const usageTemplate = `Usage:
{{- if or (not .HasAvailableSubCommands) (not .HasParent)}}
  {{.UseLine}}{{end}}
{{- if .HasAvailableSubCommands}}
  {{.CommandPath}} VERB{{end}}
{{- if .HasAvailableSubCommands}}

Verbs:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- if not .HasParent}}

"{{.CommandPath}} VERB --help" tells more about a verb, "{{.CommandPath}} help exit-codes" what
the exit codes mean.{{end}}
`

// newRoot returns the command with all its verbs. args is the command line that it will be run on.
func newRoot(args []string, std streams) *cobra.Command {
	root := newDev(std)
	root.Use = "holdfast"
	root.Short = "Live channels over secure WebSockets"
	root.Long = `Live channels over secure WebSockets. Without a verb it starts development mode,
as "holdfast dev" does and with the same flags.`
	root.Example = `  holdfast
  holdfast sub chat/lobby
  holdfast pub chat/lobby 'hello'`
	root.Version = readBuild().Version
	root.SetVersionTemplate(readBuild().String() + "\n")
	root.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownVerb(cmd, args[0])
		}
		return nil
	}
	root.Flags().Bool("version", false, "")
	root.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = true })
	root.PersistentFlags().BoolP("help", "h", false, "")
	root.PersistentFlags().Lookup("help").Hidden = true // everybody knows it
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetUsageTemplate(usageTemplate)
	root.SetIn(std.in)
	root.SetOut(std.out)
	root.SetErr(std.err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if cmd == root && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
			return unknownVerb(cmd, args[0]) // whose flags the root can't know
		}
		return flagError(cmd, err)
	})
	root.AddCommand(newDev(std), newServe(std), newSub(std), newPub(std), newConnect(std), newCert(std), newConfig(std), newToken(std), newCluster(std), newDrain(std), newRebalance(std), newPlan(std), newVersion(std))
	root.AddCommand(&cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: strings.TrimSuffix(exitCodesHelp, "\n")})
	root.SetHelpCommand(newHelp(root))
	return root
}

// newHelp returns the help verb: like cobra's own, but an unknown topic is an error.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "help [VERB]",
		Short:  "Help about a verb",
		Hidden: true,
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			switch {
			case err != nil:
				return fail(exitUsage, "%w", err)
			case len(rest) > 0:
				return unknownVerb(cmd, rest[0])
			}
			return cmd.Help()
		},
	}
}

// flagError turns what pflag says of a bad flag into one sentence with what to do.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := "--" + unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + unknown.GetSpecifiedName()
		}
		return fail(exitUsage, "unknown flag %s; %s", name, advise(cmd, "--", nearest.Word(unknown.GetSpecifiedName(), flagNames(cmd))))
	}
	if missing, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		word, _ := pflag.UnquoteUsage(missing.GetFlag())
		return fail(exitUsage, "the flag --%s needs a value: --%[1]s %s", missing.GetFlag().Name, word)
	}
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return fail(exitUsage, "--%s: %w", invalid.GetFlag().Name, plainValueError(invalid))
	}
	return fail(exitUsage, "%w; %s", err, advise(cmd, "", ""))
}

// plainValueError says what is wrong with a flag's value without the names of Go's functions.
func plainValueError(err *pflag.InvalidValueError) error {
	n, ok := errors.AsType[*strconv.NumError](err)
	switch {
	case !ok:
		return err.Unwrap()
	case n.Func == "ParseBool":
		return fmt.Errorf("%q is neither true nor false", n.Num)
	}
	return fmt.Errorf("%q is no whole number, or too large", n.Num)
}

// unknownVerb says that there is no such verb, and which one may have been meant.
func unknownVerb(cmd *cobra.Command, verb string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return fail(exitUsage, "unknown verb %q; %s", verb, advise(cmd, cmd.CommandPath()+" ", nearest.Word(verb, names)))
}

// advise ends a sentence about wrong usage: with the likely right word, or with where to look.
func advise(cmd *cobra.Command, before, suggestion string) string {
	if suggestion != "" {
		return "did you mean " + before + suggestion + "?"
	}
	return `see "` + cmd.CommandPath() + ` --help"`
}

func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// arguments returns a check for a verb that takes the positional arguments named in usage.
func arguments(least, most int, usage string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return fail(exitUsage, "%s needs %s; %s", verbOf(cmd), usage, advise(cmd, "", ""))
		case len(args) > most && most == 0:
			return fail(exitUsage, "%s takes no argument, and got %q; %s", verbOf(cmd), args[0], advise(cmd, "", ""))
		case len(args) > most:
			return fail(exitUsage, "%s takes %s, and %q is one argument too many; quote a text that has spaces", verbOf(cmd), usage, args[most])
		}
		return nil
	}
}

// verbOf returns the command as it is typed, without the program's name.
func verbOf(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}
