package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/config"
)

// defaultConfigFile is what the verbs of config mean without an argument.
const defaultConfigFile = "holdfast.yaml"

func newConfig(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check a configuration, or begin one",
		Long: `The configuration is a YAML file, environment variables that begin with HOLDFAST_, and
flags; variables take precedence over the file, and flags over both.`,
		Example: `  holdfast config init holdfast.yaml
  holdfast config check holdfast.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fail(exitUsage, "config needs a verb: check, explain, init or doc; %s", advise(cmd, "", ""))
			}
			return unknownVerb(cmd, args[0])
		},
		DisableFlagsInUseLine: true,
		RunE:                  func(*cobra.Command, []string) error { return nil }, // never reached: Args lets nothing pass
	}
	cmd.AddCommand(newConfigCheck(std), newConfigExplain(std), newConfigInit(std), newConfigDoc(std))
	return cmd
}

func newConfigInit(std streams) *cobra.Command {
	return &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a file that explains every key",
		Long: `Write a configuration file that explains every key and changes none, for you to edit.
FILE is ` + defaultConfigFile + ` unless given; a file that exists is not overwritten.`,
		Example:               "  holdfast config init\n  holdfast config init /etc/holdfast.yaml",
		Args:                  arguments(0, 1, "one file"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			file := configFile(args)
			if err := writeNew(file, config.Template()); errors.Is(err, fs.ErrExist) {
				return fail(exitFiles, "%s exists, and is not overwritten; name another file, or remove it", file)
			} else if err != nil {
				return fail(exitFiles, "cannot write the configuration: %w", err)
			}
			_, err := fmt.Fprintf(std.out, "Wrote %s. Try it with: holdfast dev --config %s\n", file, shellQuote(file))
			return err
		},
	}
}

func newConfigDoc(std streams) *cobra.Command {
	return &cobra.Command{
		Use:                   "doc",
		Short:                 "Print the reference of all keys",
		Long:                  "Print what every key and variable means, with types and defaults, in Markdown.",
		Example:               "  holdfast config doc > configuration.md",
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(std.out, config.Reference())
			return err
		},
	}
}

// configFile returns the file that the arguments of a verb name.
func configFile(args []string) string {
	if len(args) == 0 {
		return defaultConfigFile
	}
	return args[0]
}

// writeNew writes a file that did not exist, for the user alone: it may come to hold passwords. If it
// can't be written in full there is none.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}
