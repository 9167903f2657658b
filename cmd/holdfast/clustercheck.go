package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/client/admin"
)

// finding is what was looked at, and how it is.
type finding struct {
	Subject string `json:"subject"`
	Result  string `json:"result"` // "ok", "warn" or "fail"
	What    string `json:"what"`
	Do      string `json:"do,omitempty"`
}

func newClusterCheck(std streams) *cobra.Command {
	var m manageFlags
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check [flags]",
		Short: "Look whether all is well, or whether a node will come in",
		Long: `Look at everything that a cluster needs, a line each: ok, warn or fail, and what to do.
Nothing is changed. The cluster at --server is asked; with --config it is looked instead
whether a node with that configuration will come in from this machine: its peers, TLS and
the secret, disk, endpoints. The exit code is 1 if anything fails.`,
		Example: `  holdfast cluster check --server https://a.example.com
  holdfast cluster check --config /etc/holdfast.yaml`,
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			if file != "" {
				found, err := checkNode(file)
				if err != nil {
					return err
				}
				return tellFindings(std, found, asJSON)
			}
			return manage(&m, func(ctx context.Context, c *admin.Client) error {
				status, err := c.Cluster(ctx)
				if err != nil {
					return err
				}
				return tellFindings(std, findingsOf(status), asJSON)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&file, "config", "", "look whether a node with the configuration in `FILE` will come in")
	flags.BoolVar(&asJSON, "json", false, "print JSON: subject, result, what and do of each")
	m.add(flags)
	return cmd
}

// subjects are what is looked at in a cluster that runs, with the kinds of trouble that belong to each.
var subjects = []struct {
	name  string
	kinds []string
	well  string
}{
	{"nodes", []string{"gone", "unanswered", "not_ready", "no_member", "name"}, "all are here, and ready"},
	{"majority", []string{"no_quorum"}, "enough are here to store anything"},
	{"logs", []string{"log", "logs", "replicas", "lag"}, "every copy has all that is stored"},
	{"versions", []string{"version"}, "all nodes are of one minor version"},
	{"clocks", []string{"clock"}, "none is off by more than a second"},
	{"disks", []string{"disk"}, "all have room"},
	{"number", []string{"even"}, "the number of nodes is a good one"},
	{"endpoints", []string{"endpoints"}, "clients can be sent from node to node"},
}

// findingsOf says for each subject how it is.
func findingsOf(status admin.Cluster) (all []finding) {
	for _, s := range subjects {
		well := true
		for _, t := range status.Trouble {
			if !slices.Contains(s.kinds, t.Kind) {
				continue
			}
			well = false
			result := "warn"
			if t.Fail {
				result = "fail"
			}
			all = append(all, finding{s.name, result, t.What, t.Do})
		}
		if well && s.name == "logs" && status.Quorum != nil && !status.Quorum.OK {
			all = append(all, finding{s.name, "warn", "who has what can't be seen while no majority is here", "look again when there is one"})
		} else if well {
			all = append(all, finding{Subject: s.name, Result: "ok", What: s.well})
		}
	}
	return all
}

// tellFindings prints findings. The error says how many have failed.
func tellFindings(std streams, all []finding, asJSON bool) error {
	failed := 0
	var b strings.Builder
	for _, f := range all {
		if f.Result == "fail" {
			failed++
		}
		fmt.Fprintf(&b, "%-4s  %-9s  %s\n", f.Result, f.Subject, f.What)
		if f.Do != "" {
			fmt.Fprintf(&b, "                 -> %s\n", f.Do)
		}
	}
	var err error
	if asJSON {
		err = printJSON(std.out, all)
	} else {
		_, err = io.WriteString(std.out, visibleLines(b.String()))
	}
	switch {
	case err != nil:
		return fail(exitFailed, "cannot write to stdout: %w", err)
	case failed > 0:
		return fail(exitFailed, "%s", errors.New(count(failed, "check")+" failed"))
	}
	return nil
}
