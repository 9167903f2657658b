package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/holdfast-dev/holdfast/client/admin"
)

func newCluster(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Look after the nodes of a cluster",
		Long: `See how the nodes of a cluster do and what is to be done, and add or remove some. Any node
can be asked, with an API key that manages.`,
		Example: `  holdfast cluster status --server https://a.example.com
  holdfast cluster check --config /etc/holdfast.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fail(exitUsage, "cluster needs a verb: status, check, add, remove or rescue; %s", advise(cmd, "", ""))
			}
			return unknownVerb(cmd, args[0])
		},
		DisableFlagsInUseLine: true,
		RunE:                  func(*cobra.Command, []string) error { return nil }, // never reached: Args lets nothing pass
	}
	cmd.AddCommand(newClusterStatus(std), newClusterCheck(std), newClusterAdd(std), newClusterRemove(std), newClusterRescue(std))
	return cmd
}

func newClusterStatus(std streams) *cobra.Command {
	var m manageFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status [flags]",
		Short: "Show how the nodes do, and what is to be done",
		Long: `Show the nodes, the logs and where they are, whether enough nodes are there to store
anything, and what is wrong with what to do about it. Any node can be asked. The exit
code is 1 if something does not work.`,
		Example:               "  holdfast cluster status --server https://a.example.com",
		Args:                  arguments(0, 0, ""),
		DisableFlagsInUseLine: true,
		RunE: func(*cobra.Command, []string) error {
			return manage(&m, func(ctx context.Context, c *admin.Client) error {
				status, err := c.Cluster(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					err = printJSON(std.out, status)
				} else {
					err = showCluster(std.out, status, time.Now())
				}
				if err != nil {
					return fail(exitFailed, "cannot write to stdout: %w", err)
				}
				return failing(status)
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&asJSON, "json", false, "print JSON, as /v1/cluster answers it")
	m.add(flags)
	return cmd
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// failing returns a failure if something does not work.
func failing(status admin.Cluster) error {
	n := 0
	for _, t := range status.Trouble {
		if t.Fail {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return fail(exitFailed, "%s, see above", troubles(n))
}

func troubles(n int) string {
	if n == 1 {
		return "1 thing of the cluster does not work"
	}
	return fmt.Sprintf("%d things of the cluster do not work", n)
}

// showCluster writes a status for people.
func showCluster(w io.Writer, status admin.Cluster, now time.Time) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NODE\tSTATE\tFOR\tCLIENTS\tVERSION\tLOGS\tENDPOINTS")
	for _, n := range status.Nodes {
		since := "-"
		if !n.Since.IsZero() {
			since = now.Sub(n.Since).Round(time.Second).String()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", n.Name, n.State, since, n.Connections, orDash(n.Version), roleOf(status, n), orDash(strings.Join(n.Endpoints, " ")))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if q := status.Quorum; q != nil {
		fmt.Fprintf(&b, "\n%d of %s %s here, and %d %s needed to store anything", q.Here, count(q.Members, "node"), are(q.Here), q.Needed, are(q.Needed))
		if q.Leader != "" {
			fmt.Fprintf(&b, "; %s leads", q.Leader)
		}
		b.WriteString(".\n")
	}
	showLogs(&b, status)
	if len(status.Trouble) == 0 {
		b.WriteString("\nNothing is wrong.\n")
	}
	for _, t := range status.Trouble {
		showTrouble(&b, t)
	}
	_, err := io.WriteString(w, visibleLines(b.String()))
	return err
}

func are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// roleOf says what a node has to do with the logs.
func roleOf(status admin.Cluster, n admin.ClusterNode) string {
	switch {
	case status.Quorum == nil:
		return "-"
	case !n.Member:
		return "none"
	case n.Name == status.Quorum.Leader:
		return "leads"
	}
	return "keeps"
}

// showLogs writes where the logs of channels are: the node that leads each, and the others with what they lack.
func showLogs(b *strings.Builder, status admin.Cluster) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	begun := false
	for _, l := range status.Logs {
		if strings.HasPrefix(l.Channels, "//") || l.Leader == "" && len(l.Others) == 0 {
			continue // the server's own; or kept by a node alone
		}
		if !begun {
			begun = true
			fmt.Fprintln(t, "\nLOG OF\tMESSAGES\tBYTES\tLED BY\tCOPIED TO")
		}
		var others []string
		for _, r := range l.Others {
			switch {
			case r.Offline:
				others = append(others, r.Node+" (gone)")
			case !r.Current:
				others = append(others, fmt.Sprintf("%s (%d behind)", r.Node, r.Lag))
			default:
				others = append(others, r.Node)
			}
		}
		fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\n", l.Channels, l.Messages, l.Bytes, orDash(l.Leader), orDash(strings.Join(others, ", ")))
	}
	t.Flush() // into memory
}

func showTrouble(b *strings.Builder, t admin.Trouble) {
	word := "warn"
	if t.Fail {
		word = "FAIL"
	}
	fmt.Fprintf(b, "\n%s  %s\n", word, t.What)
	if t.Do != "" {
		fmt.Fprintf(b, "      -> %s\n", t.Do)
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// visibleLines makes what servers have said harmless for a terminal, line by line.
func visibleLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = visible(line)
	}
	return strings.Join(lines, "\n")
}
