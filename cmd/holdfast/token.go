package main

import (
	"errors"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/internal/config"
)

func newToken(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make a token or an API key, or say what one means",
		Long: `A token says who somebody is and what may be done with which channels. It is signed with
a key of the configuration, or with the secret that development mode keeps in its data
directory.`,
		Example: `  holdfast token create --user ada --channels 'chat/#=rw'
  holdfast token inspect < token.txt`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fail(exitUsage, "token needs a verb: create or inspect; %s", advise(cmd, "", ""))
			}
			return unknownVerb(cmd, args[0])
		},
		DisableFlagsInUseLine: true,
		RunE:                  func(*cobra.Command, []string) error { return nil }, // never reached: Args lets nothing pass
	}
	cmd.AddCommand(newTokenCreate(std), newTokenInspect(std))
	return cmd
}

// tokenKeys are the flags that say where keys are.
type tokenKeys struct {
	config string // file
	data   string // directory
}

func (o *tokenKeys) add(flags *pflag.FlagSet) {
	flags.StringVar(&o.config, "config", "", "read the configuration in `FILE`")
	flags.StringVar(&o.data, "data", "", "the `DIR` in which development mode keeps its secret (default your data directory)")
}

// load returns how the server has clients vouched for, as its configuration says, or else development mode.
func (o *tokenKeys) load() (auth.Config, error) {
	given := map[string]any{}
	if o.data != "" {
		given["data.dir"] = o.data
	}
	c, err := config.Load(config.Options{File: o.config, Environ: os.Environ(), Flags: given, Production: true})
	if err != nil {
		return auth.Config{}, fail(exitFiles, "%w", err)
	}
	a, err := authOf(c)
	if err != nil || len(a.Keys) > 0 || len(a.JWKS) > 0 {
		return a, asFileFailure(err)
	}
	dir, err := openDataDir(c.Data.Dir)
	if err != nil {
		return auth.Config{}, err
	}
	a, err = developmentAuthOf(c, dir)
	return a, asFileFailure(err)
}

func asFileFailure(err error) error {
	if err == nil {
		return nil
	}
	return fail(exitFiles, "%w", err)
}

// signingKey returns the key to sign with: that in a file, or else the first of the configuration that can.
func signingKey(file, id string, a auth.Config) (auth.Key, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return auth.Key{}, fail(exitFiles, "cannot read the key: %w", err)
		}
		algorithm := auth.HS256
		if auth.IsPEM(text) {
			algorithm = ""
		}
		k, err := auth.ParseKey(id, algorithm, text)
		if err != nil {
			return auth.Key{}, fail(exitFiles, "cannot use the key in %s: %w", file, err)
		}
		if !k.CanSign() {
			return auth.Key{}, fail(exitFiles, "cannot sign with the key in %s, which is a public one; name the file of the private key", file)
		}
		return k, nil
	}
	for _, k := range a.Keys {
		if k.CanSign() && (id == "" || id == k.ID()) {
			return k, nil
		}
	}
	return auth.Key{}, fail(exitFiles, "the configuration has no key that can sign; name the file of a private key or a secret with --key FILE")
}

// lifetime is a flag that takes a duration as the configuration does, with days.
type lifetime time.Duration

// String returns the duration as it is written in a configuration.
func (l *lifetime) String() string { return config.FormatDuration(time.Duration(*l)) }

// Set implements the flag's parsing.
func (l *lifetime) Set(s string) error {
	d, err := config.ParseDuration(s)
	if err == nil && d < 0 {
		err = errors.New("a token can't have expired before it is made; write how long it counts, or 0s for ever")
	}
	if err == nil {
		*l = lifetime(d)
	}
	return err
}

// Type is the word for the value in help texts.
func (*lifetime) Type() string { return "DURATION" }
