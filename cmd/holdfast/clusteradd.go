package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/client/admin"
	"github.com/holdfast-dev/holdfast/internal/config"
)

// addPoll is how often it is looked whether a node is in.
const addPoll = time.Second

func newClusterAdd(std streams) *cobra.Command {
	var m manageFlags
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "add NODE [HOST:PORT] [flags]",
		Short: "Say how a node is added, and wait until it is in",
		Long: `Print what a new node has to be started with: its name, where the others are, and how it
gets the secret of the cluster, which is never printed. HOST:PORT is where the others reach
it, port 6222 of a host of its name unless given. Then wait until it is ready and keeps
logs; the others need no restart.`,
		Example:               "  holdfast cluster add d d.internal:6222 --server https://a.example.com",
		Args:                  arguments(1, 2, "the name of the node, and maybe where the others reach it"),
		DisableFlagsInUseLine: true,
		RunE: func(_ *cobra.Command, args []string) error {
			address := args[0] + ":" + config.DefaultClusterPort
			if len(args) == 2 {
				address = args[1]
			}
			return manage(&m, func(ctx context.Context, c *admin.Client) error {
				status, err := c.Cluster(ctx)
				if err != nil {
					return err
				}
				if err := explainAdd(std.out, status, args[0], address); err != nil || wait == 0 {
					return err
				}
				ctx, cancel := context.WithTimeout(ctx, wait)
				defer cancel()
				return awaitNode(ctx, std, c, args[0])
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.DurationVar(&wait, "wait", 10*time.Minute, "how long to wait for the node, as a `DURATION`; 0s does not wait")
	m.add(flags)
	return cmd
}

// explainAdd prints what a new node is to be started with.
func explainAdd(w io.Writer, status admin.Cluster, node, address string) error {
	if status.Quorum == nil {
		return fail(exitFailed, "the node %s keeps its logs alone, or with an external NATS server; nodes that share an external one are started with the same broker.url, and to make a cluster of one that is alone, see docs/cluster.md", status.Node)
	}
	if slices.ContainsFunc(status.Nodes, func(n admin.ClusterNode) bool { return n.Name == node && n.State != "gone" }) {
		return fail(exitFailed, "there is a node %s already; choose another name", node)
	}
	peers := slices.Clone(status.Peers)
	if !slices.Contains(peers, address) {
		peers = append(peers, address)
	}
	_, err := fmt.Fprintf(w, `1. Copy the secret of the cluster to the machine of %[1]s, by a way that nobody else reads, such as

     scp NODE:/etc/holdfast/cluster.secret /etc/holdfast/cluster.secret && chmod 600 /etc/holdfast/cluster.secret

2. Give it the configuration of the other nodes, with this part of its own:

     cluster:
       name: %[2]s
       node: %[1]s
       peers: [%[3]s]
       secret_file: /etc/holdfast/cluster.secret
       endpoints: []   # where clients reach this node alone, as in [wss://%[1]s.example.com]

3. Look whether it will work, and start it:

     holdfast cluster check --config /etc/holdfast.yaml
     holdfast serve --config /etc/holdfast.yaml

`, visible(node), visible(status.Name), visible(strings.Join(peers, ", ")))
	return err
}

// awaitNode waits until a node is ready and keeps logs.
func awaitNode(ctx context.Context, std streams, c *admin.Client, node string) error {
	fmt.Fprintf(std.out, "Waiting for %s; Ctrl-C stops waiting, and nothing else.\n", visible(node))
	tick := time.NewTicker(addPoll)
	defer tick.Stop()
	said := ""
	for {
		status, err := c.Cluster(ctx)
		if err == nil {
			at := slices.IndexFunc(status.Nodes, func(n admin.ClusterNode) bool { return n.Name == node })
			state := "it is not seen yet"
			if at >= 0 {
				n := status.Nodes[at]
				switch {
				case n.State == "ready" && n.Member:
					fmt.Fprintf(std.out, "%s is in: %d of %d nodes are here. Share the clients out with: holdfast rebalance\n", visible(node), status.Quorum.Here, status.Quorum.Members)
					return nil
				case n.Member:
					state = "it belongs to the cluster, and is " + n.State + " " + n.Reason
				default:
					state = "it is " + n.State + ", and keeps no logs yet"
				}
			}
			if state != said {
				said = state
				fmt.Fprintf(std.err, "%s: %s\n", visible(node), visible(strings.TrimSpace(state)))
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fail(exitFailed, "%s has not come; its own log says why, and: holdfast cluster check --config FILE, on its machine", node)
			}
			return nil
		}
	}
}
