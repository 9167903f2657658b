package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func newDrain(std streams) *cobra.Command {
	var m manageFlags
	var undo bool
	cmd := &cobra.Command{
		Use:   "drain [NODE] [flags]",
		Short: "Empty a node of a cluster, which stays up without clients",
		Long: `Have the clients of a node move to the others, spread over limits.drain. Without a
name it is the node that answers at --server. It stays up without clients, and its
/readyz red, until it is stopped, or until --undo. Stopping a node does the same first.`,
		Example: `  holdfast drain b --server https://a.example.com
  holdfast drain --undo b --server https://a.example.com`,
		Args:                  arguments(0, 1, "the name of one node"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			node, said := "", "the node"
			if len(args) == 1 {
				node, said = args[0], args[0]
			}
			return manage(&m, func(ctx context.Context, c *admin.Client) error {
				if undo {
					if err := c.Undrain(ctx, node); err != nil {
						return err
					}
					fmt.Fprintf(std.out, "%s takes clients again.\n", said)
					return nil
				}
				if err := c.Drain(ctx, node); err != nil {
					return err
				}
				fmt.Fprintf(std.out, "The clients of %s move to the other nodes.\n", said)
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&undo, "undo", false, "take clients again")
	m.add(flags)
	return cmd
}

func newRebalance(std streams) *cobra.Command {
	var m manageFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "rebalance [flags]",
		Short: "Share clients out among the nodes of a cluster",
		Long: `Have nodes with more than a twentieth above the mean let their surplus go to those
with less, spread over limits.drain, such as after a node has been added. Clients that
can't be asked to move stay, unless --all disconnects them, so that they come back.`,
		Example:               "  holdfast rebalance --server https://a.example.com",
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			return manage(&m, func(ctx context.Context, c *admin.Client) error {
				b, err := c.Rebalance(ctx, all)
				if err != nil {
					return err
				}
				if len(b.Moves) == 0 {
					fmt.Fprintln(std.out, "All nodes have about as many clients.")
				}
				for _, move := range b.Moves {
					fmt.Fprintf(std.out, "%d clients leave %s, over %s.\n", move.Clients, move.Node, b.Over)
				}
				return nil
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&all, "all", false, "disconnect clients that can't be asked to move")
	m.add(flags)
	return cmd
}

// manage asks a server for something, until it is stopped.
func manage(m *manageFlags, ask func(context.Context, *admin.Client) error) error {
	c, err := m.client()
	if err != nil {
		return err
	}
	ctx, release := untilStopped(context.Background())
	defer release()
	if err := ask(ctx, c); err != nil {
		return explainManage(ctx, m.server, err)
	}
	return nil
}
