package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func newClusterRemove(std streams) *cobra.Command {
	var m manageFlags
	var force bool
	cmd := &cobra.Command{
		Use:   "remove NODE [flags]",
		Short: "Let a node not come back",
		Long: `Have a node belong to the cluster no more: it does not count for the majority, and its
copies of logs are made anew on others. It is for a node that is lost, or that was drained
and stopped; one that is still there takes --force, and loses what it keeps. A majority of
the nodes has to be here, the one that is removed counted.`,
		Example:               "  holdfast cluster remove c --server https://a.example.com",
		Args:                  arguments(1, 1, "the name of one node"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return manage(&m, func(ctx context.Context, c *admin.Client) error {
				if err := c.Remove(ctx, args[0], force); err != nil {
					return err
				}
				fmt.Fprintf(std.out, "%s belongs to the cluster no more. Take its address out of cluster.peers of the others when they are restarted next.\n", visible(args[0]))
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&force, "force", false, "though the node is there and does not drain")
	m.add(flags)
	return cmd
}
