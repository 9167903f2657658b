//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/peer"
	"github.com/holdfast-dev/holdfast/bench/internal/process"
	"github.com/holdfast-dev/holdfast/bench/internal/report"
)

// plan is what a run measures and how.
type plan struct {
	loads     []workload
	peers     []peer.Peer
	pace      pace
	serverCPU int    // -1 for any
	clientCPU int    // likewise
	procs     int    // the servers' GOMAXPROCS
	out       string // folder for the results; "" for none
	profiles  string // folder for CPU profiles of the servers; "" for none
	quick     bool
	progress  io.Writer
}

const quickCaution = "This was a quick run: it shows that the comparison works, not how the engines compare."

// run is the subcommand that measures.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	plan, err := parsePlan(args, stderr)
	if err != nil {
		return err
	}
	if err := process.Pin(plan.clientCPU); err != nil {
		return err
	}
	r := report.New()
	r.Command = "go run . run " + strings.Join(args, " ")
	r.Method = plan.method()
	r.Peers = versions(plan.peers)
	if plan.quick {
		r.Caution = quickCaution
	}
	failed := 0
	for _, w := range plan.loads {
		table, err := plan.measure(ctx, w)
		if err != nil {
			return err
		}
		for _, row := range table.Rows {
			if row.Err != "" {
				failed++
			}
		}
		r.Tables = append(r.Tables, table)
	}
	fmt.Fprint(stdout, r.Markdown(false))
	if plan.out != "" {
		if err := r.Write(plan.out); err != nil {
			return err
		}
		fmt.Fprintf(stderr, "written to %s\n", plan.out)
	}
	if failed > 0 {
		return fmt.Errorf("%d measurements failed; the tables say how", failed)
	}
	return nil
}

func parsePlan(args []string, stderr io.Writer) (*plan, error) {
	p := &plan{progress: stderr}
	flags := flag.NewFlagSet("bench run", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.BoolVar(&p.quick, "quick", false, "a minute's run that shows only that everything works")
	loads := flags.String("load", "", "comma-separated loads; empty for all")
	peers := flags.String("peer", "", "comma-separated peers; empty for all")
	flags.IntVar(&p.pace.rounds, "rounds", 3, "how often to measure each peer, taking turns; the median counts (memory is measured once)")
	seconds := flags.Float64("seconds", 3, "how long to measure each time, after half a second of warming up")
	flags.IntVar(&p.serverCPU, "server-cpu", 1, "the CPU that servers run on; -1 for any")
	flags.IntVar(&p.clientCPU, "client-cpu", 0, "the CPU that the load runs on; -1 for any")
	flags.IntVar(&p.procs, "procs", 1, "GOMAXPROCS of the servers")
	flags.StringVar(&p.out, "out", "results", "folder for the report and its charts; empty for none")
	flags.StringVar(&p.profiles, "profile", "", "folder for a CPU profile of each server under each load; empty for none")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q; loads and peers are chosen with -load and -peer", flags.Arg(0))
	}
	p.pace.warm, p.pace.length = 500*time.Millisecond, time.Duration(*seconds*float64(time.Second))
	if p.quick {
		p.pace = pace{rounds: 1, warm: 100 * time.Millisecond, length: 300 * time.Millisecond}
	}
	if p.pace.rounds < 1 || p.pace.length < 100*time.Millisecond || p.pace.length > time.Minute || p.procs < 1 {
		return nil, errors.New("-rounds and -procs must be at least 1, -seconds 0.1 to 60")
	}
	var err error
	p.loads, err = choose(workloads(p.quick), func(w workload) string { return w.name }, *loads, "load")
	if err != nil {
		return nil, err
	}
	p.peers, err = choose(peer.All(), func(p peer.Peer) string { return p.Name }, *peers, "peer")
	if err != nil {
		return nil, err
	}
	if p.profiles != "" {
		return p, os.MkdirAll(p.profiles, 0o755)
	}
	return p, nil
}

// method says how the figures came to be.
func (p *plan) method() string {
	where := func(cpu int) string {
		if cpu < 0 {
			return "on any CPU"
		}
		return fmt.Sprintf("on CPU %d", cpu)
	}
	return fmt.Sprintf("Each server is a process of its own, %s with GOMAXPROCS=%d; the load is one epoll thread %s, over loopback.\n"+
		"Medians of %d rounds of %s in which the servers took turns; CPU time is the kernel's clock of the server process, user and system.\n"+
		"Messages are binary and nothing is compressed. \"Of the best peer\" compares with the best of the other libraries;\n"+
		"`floor` is none, but a bare loop of reads and writes in Go that parses no more than it must.\n"+
		"Memory is the growth of the server's resident memory, after garbage collection, measured once.",
		where(p.serverCPU), p.procs, where(p.clientCPU), p.pace.rounds, p.pace.length)
}
