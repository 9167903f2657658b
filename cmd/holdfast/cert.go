package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/internal/certs"
)

func newCert(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cert",
		Short: "Trust the certificate of development mode, or stop trusting it",
		Long: `The certificate of development mode comes from a certificate authority that lives in
your configuration directory and can vouch for this machine only. Browsers accept it
once that authority is trusted.`,
		Example: `  holdfast cert trust
  curl --cacert "$(holdfast cert path)" https://localhost:8443/`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fail(exitUsage, "cert needs a verb: trust, untrust or path; %s", advise(cmd, "", ""))
			}
			return unknownVerb(cmd, args[0])
		},
		DisableFlagsInUseLine: true,
		RunE:                  func(*cobra.Command, []string) error { return nil }, // never reached: Args lets nothing pass
	}
	cmd.AddCommand(newCertTrust(std), newCertUntrust(std), newCertPath(std))
	return cmd
}

func newCertTrust(std streams) *cobra.Command {
	var o certOptions
	cmd := &cobra.Command{
		Use:   "trust [flags]",
		Short: "Make browsers and other programs accept the certificate",
		Long: `Make browsers and other programs accept the certificate. It goes into the system's
store, for which sudo may ask for your password, and into those of Chromium and
Firefox; where that fails it says how to do it by hand.`,
		Example:               "  holdfast cert trust\n  holdfast cert trust --store nss",
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kinds, err := o.kinds()
			if err != nil {
				return err
			}
			ca, err := openCA(o.caDir)
			if err != nil {
				return err
			}
			return reportStores(std, "trusted", ca.Trust(context.Background(), kinds...))
		},
	}
	o.add(cmd)
	return cmd
}

func newCertUntrust(std streams) *cobra.Command {
	var o certOptions
	cmd := &cobra.Command{
		Use:                   "untrust [flags]",
		Short:                 "Undo trust",
		Long:                  "Take the certificate out of every store that trust puts it into.",
		Example:               "  holdfast cert untrust",
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			kinds, err := o.kinds()
			if err != nil {
				return err
			}
			root, err := loadRoot(o.caDir)
			if err != nil {
				return err
			}
			return reportStores(std, "untrusted", root.Untrust(context.Background(), kinds...))
		},
	}
	o.add(cmd)
	return cmd
}

func newCertPath(std streams) *cobra.Command {
	var caDir string
	cmd := &cobra.Command{
		Use:                   "path [flags]",
		Short:                 "Print the path of the authority's certificate",
		Long:                  "Print the path of the local authority's certificate, in PEM form, for other programs.",
		Example:               `  curl --cacert "$(holdfast cert path)" https://localhost:8443/`,
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			root, err := loadRoot(caDir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(std.out, root.CertFile())
			return err
		},
	}
	addCADir(cmd.Flags(), &caDir)
	return cmd
}

// certOptions are the flags of the verbs that change stores.
type certOptions struct {
	caDir  string
	stores []string
}

func (o *certOptions) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&o.stores, "store", nil, "only `system`, or only nss, which is browsers' own (repeatable; default all)")
	addCADir(flags, &o.caDir)
}

// kinds returns the stores that were named; none means all.
func (o *certOptions) kinds() ([]certs.StoreKind, error) {
	var kinds []certs.StoreKind
	for _, name := range o.stores {
		kind := certs.StoreKind(name)
		if !slices.Contains([]certs.StoreKind{certs.SystemStore, certs.NSSStore}, kind) {
			return nil, fail(exitUsage, "--store: there is no store %q; write system or nss", name)
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// reportStores prints what became of each store, and fails if one of them could not be changed.
func reportStores(std streams, done string, reports []certs.StoreReport) error {
	failed, changed := 0, false
	for _, r := range reports {
		fmt.Fprintln(std.out, r)
		changed = changed || r.Outcome == certs.Installed || r.Outcome == certs.Removed
		if r.Outcome == certs.Failed {
			failed++
		}
	}
	if changed {
		fmt.Fprintln(std.out, "A browser that is running sees the change when it is started again.")
	}
	if failed > 0 {
		return fail(exitFailed, "the certificate is not %s in %s of %d; see above how to do it by hand", done, count(failed, "store"), len(reports))
	}
	return nil
}
