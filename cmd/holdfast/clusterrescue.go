package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func newClusterRescue(std streams) *cobra.Command {
	var m manageFlags
	var lost []string
	cmd := &cobra.Command{
		Use:   "rescue --lost NODES [flags]",
		Short: "Go on without a majority that is lost for ever",
		Long: `Give up the nodes that are lost for ever, with their disks, where no majority is left: those
that are left become a cluster of their own, with what they have. What only the others had
is lost. Ask a node that is left and runs, and name all that are gone, and no other. If one of
them can still be started, with its data, start it instead: nothing is lost then.`,
		Example:               "  holdfast cluster rescue --lost b,c --server https://a.example.com",
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			if len(lost) == 0 {
				return fail(exitUsage, "cluster rescue needs --lost with the names of the nodes that are lost for ever, separated by commas; holdfast cluster status tells which are gone")
			}
			return manage(&m, func(ctx context.Context, c *admin.Client) error {
				removed, err := c.Rescue(ctx, lost)
				if err != nil {
					return err
				}
				fmt.Fprintf(std.out, afterRescue, visible(strings.Join(removed, ", ")))
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringSliceVar(&lost, "lost", nil, "give up `NODES`, separated by commas: all that are gone")
	m.add(flags)
	return cmd
}

// afterRescue says what has become of the cluster, and what is to be done.
const afterRescue = `%[1]s: given up. The nodes that are left are a cluster of their own, with what they have.

1. Never start these again with their data: they would be a second cluster. Move what is left of their
   data directories away, and keep it.
2. Take their addresses out of cluster.peers of the nodes that are left.
3. Restart the nodes that are left, one after the other: each then tells clients that positions from
   before are not valid, because the newest messages may be missing.
4. Add new nodes, with empty data directories and other names: holdfast cluster add NODE
`
