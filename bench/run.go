//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/holdfast-dev/holdfast/bench/internal/peer"
	"github.com/holdfast-dev/holdfast/bench/internal/process"
	"github.com/holdfast-dev/holdfast/bench/internal/report"
)

// plan is what a run measures and how.
type plan struct {
	settings
	loads    []workload
	peers    []peer.Peer
	profiles string // folder for CPU profiles of the servers; "" for none
}

const quickCaution = "This was a quick run: it shows that the comparison works, not how the engines compare."

// run is the subcommand that measures the engines.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	plan, err := parsePlan(args, stderr)
	if err != nil {
		return err
	}
	if err := process.Pin(plan.clientCPU); err != nil {
		return err
	}
	r := report.New("WebSocket engines in Go, compared")
	r.Command = "go run . run " + strings.Join(args, " ")
	r.Method = plan.method()
	r.Peers = versions(plan.peers)
	if plan.quick {
		r.Caution = quickCaution
	}
	for _, w := range plan.loads {
		table, err := plan.measure(ctx, w)
		if err != nil {
			return err
		}
		r.Tables = append(r.Tables, table)
	}
	return plan.publish(r, stdout)
}

func parsePlan(args []string, stderr io.Writer) (*plan, error) {
	p := new(plan)
	flags := flag.NewFlagSet("bench run", flag.ContinueOnError)
	flags.StringVar(&p.profiles, "profile", "", "folder for a CPU profile of each server under each load; empty for none")
	if err := p.parse(flags, args, "results", stderr); err != nil {
		return nil, err
	}
	var err error
	p.loads, err = choose(workloads(p.quick), func(w workload) string { return w.name }, p.wantedLoads, "load")
	if err != nil {
		return nil, err
	}
	p.peers, err = choose(peer.All(), func(p peer.Peer) string { return p.Name }, p.wantedPeers, "peer")
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
	return fmt.Sprintf("Each server is a process of its own, %s with GOMAXPROCS=%d; the load is one epoll thread %s, over loopback.\n"+
		"Medians of %d rounds of %s in which the servers took turns; CPU time is the kernel's clock of the server process, user and system.\n"+
		"Messages are binary and nothing is compressed. \"Of the best peer\" compares with the best of the other libraries;\n"+
		"`floor` is none, but a bare loop of reads and writes in Go that parses no more than it must.\n"+
		"Memory is the growth of the server's resident memory, after garbage collection, measured once.",
		onCPU(p.serverCPU), p.procs, onCPU(p.clientCPU), p.pace.rounds, p.pace.length)
}
