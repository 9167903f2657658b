package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/holdfast-dev/holdfast/internal/plan"
)

// printPlan prints a plan for people.
func printPlan(out io.Writer, p *plan.Plan) error {
	var b strings.Builder
	if !p.Enough {
		fmt.Fprintf(&b, "Even %d nodes do not carry it while one of them is lost; what follows is about those.\n\n", p.Nodes)
	} else {
		fmt.Fprintf(&b, "%d nodes carry it while one of them is lost, each with %g cores, %s of memory and %g Gbit/s.\n\n",
			p.Nodes, p.Machine.Cores, binary(p.Machine.Memory), p.Machine.Network/1e9)
	}
	share := map[plan.Resource]string{}
	for _, u := range p.Uses {
		share[u.Of] = fmt.Sprintf("%.0f %%", math.Ceil(100*u.Share))
	}
	row := func(name, all, one, of string) {
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-20s %13s %23s %22s", name, all, one, of), " ") + "\n")
	}
	row("", "all nodes", "busiest, one lost", "of what may be used")
	row("clients", decimal(p.Cluster.Connections, ""), decimal(p.Node.Connections, ""), "")
	row("cores", fmt.Sprintf("%.1f", p.Cluster.Cores), fmt.Sprintf("%.1f", p.Node.Cores), share[plan.Processors])
	row("memory", binary(p.Cluster.Memory), binary(p.Node.Memory), share[plan.Memory])
	row("network out", decimal(p.Cluster.Out, "bit/s"), decimal(p.Node.Out, "bit/s"), share[plan.NetworkOut])
	row("network in", decimal(p.Cluster.In, "bit/s"), decimal(p.Node.In, "bit/s"), share[plan.NetworkIn])
	row("messages into a log", "", decimal(p.Load.Messages*p.Load.Kept/float64(p.Logs), "")+"/s", share[plan.Log])
	row("disk", binary(p.Cluster.Disk), binary(p.Node.Disk), "")
	row("disk writes", binary(p.Cluster.DiskWrites)+"/s", binary(p.Node.DiskWrites)+"/s", "")
	b.WriteString("\nWhat the busiest node's cores do:\n\n")
	for _, w := range p.Work {
		if share := 100 * w.Cores / p.Node.Cores; share >= 0.5 {
			fmt.Fprintf(&b, "  %3.0f %%  %s\n", share, w.Doing)
		}
	}
	fmt.Fprintf(&b, "\nFirst to give: %s.\n", advice(p))
	b.WriteString("\n" + settings(p))
	_, err := io.WriteString(out, b.String())
	return err
}

// advice says what gives first, and what helps.
func advice(p *plan.Plan) string {
	scarce := p.Uses[0].Of
	switch {
	case scarce == plan.Log:
		return fmt.Sprintf("the logs, which are one thing after another each; more rules with history, up to %d, divide the messages among more of them", plan.MostLogs)
	case scarce == plan.Memory:
		return "memory; more of it, or more nodes, divide the clients"
	case scarce == plan.NetworkOut || scarce == plan.NetworkIn:
		return "the network; more nodes divide what goes to clients, and compression makes text smaller"
	case strings.HasPrefix(p.Work[0].Doing, "hear"):
		return "processors, by messages that every node hears; more nodes do not help, but several clusters do"
	case strings.HasPrefix(p.Work[0].Doing, "let clients"):
		return "processors, by clients of a lost node that all come back; more time for that (--back) or more nodes help"
	}
	return "processors; more cores or more nodes divide the work"
}

// settings says what to set for the plan.
func settings(p *plan.Plan) string {
	return fmt.Sprintf(`To set on each node:
  limits.connections: %.0f, or more, and as many open files
  limits.handshakes: %.0f, or more
  rules with history: %d, or more, with the messages spread over them
`, math.Ceil(p.Node.Connections), math.Ceil(p.Handshakes), p.Logs)
}

// decimal writes a number in thousands, millions or billions of a unit, with as many digits as say something.
func decimal(n float64, unit string) string {
	return scaled(n, 1000, []string{"", "k", "M", "G"}, unit)
}

// binary writes bytes likewise, in units of 1024.
func binary(n float64) string { return scaled(n, 1024, []string{"", "Ki", "Mi", "Gi", "Ti"}, "B") }

func scaled(n, step float64, prefixes []string, unit string) string {
	at := 0
	for ; n >= step && at < len(prefixes)-1; at++ {
		n /= step
	}
	digits := 0
	if n < 10 && at > 0 {
		digits = 1
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", digits, n, prefixes[at]+unit))
}
