//go:build linux

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/report"
)

// settings are what both comparisons are told by flags.
type settings struct {
	wantedLoads, wantedPeers string // comma-separated; "" for all

	pace      pace
	serverCPU int    // -1 for any
	clientCPU int    // likewise
	procs     int    // the servers' GOMAXPROCS
	out       string // folder for the results; "" for none
	quick     bool
	progress  io.Writer
}

// pace is how long the parts of a run take.
type pace struct {
	rounds       int
	warm, length time.Duration
}

// parse adds the flags of the settings to those that a comparison has of its own, and reads args.
func (s *settings) parse(flags *flag.FlagSet, args []string, out string, stderr io.Writer) error {
	s.progress = stderr
	flags.SetOutput(stderr)
	flags.BoolVar(&s.quick, "quick", false, "a minute's run that shows only that everything works")
	flags.StringVar(&s.wantedLoads, "load", "", "comma-separated loads; empty for all")
	flags.StringVar(&s.wantedPeers, "peer", "", "comma-separated peers; empty for all")
	flags.IntVar(&s.pace.rounds, "rounds", 3, "how often to measure each peer, taking turns; the median counts (memory is measured once)")
	seconds := flags.Float64("seconds", 3, "how long to measure each time, after half a second of warming up")
	flags.IntVar(&s.serverCPU, "server-cpu", 1, "the CPU that servers run on; -1 for any")
	flags.IntVar(&s.clientCPU, "client-cpu", 0, "the CPU that the load runs on; -1 for any")
	flags.IntVar(&s.procs, "procs", 1, "GOMAXPROCS of the servers")
	flags.StringVar(&s.out, "out", out, "folder for the report and its charts; empty for none")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; loads and peers are chosen with -load and -peer", flags.Arg(0))
	}
	s.pace.warm, s.pace.length = 500*time.Millisecond, time.Duration(*seconds*float64(time.Second))
	if s.quick {
		s.pace = pace{rounds: 1, warm: 100 * time.Millisecond, length: 300 * time.Millisecond}
	}
	if s.pace.rounds < 1 || s.pace.length < 100*time.Millisecond || s.pace.length > time.Minute || s.procs < 1 {
		return errors.New("-rounds and -procs must be at least 1, -seconds 0.1 to 60")
	}
	return nil
}

// publish prints the report and writes it into its folder. It is an error if a measurement failed.
func (s *settings) publish(r *report.Report, stdout io.Writer) error {
	fmt.Fprint(stdout, r.Markdown(false))
	if s.out != "" {
		if err := r.Write(s.out); err != nil {
			return err
		}
		fmt.Fprintf(s.progress, "written to %s\n", s.out)
	}
	failed := 0
	for _, table := range r.Tables {
		for _, row := range table.Rows {
			if row.Err != "" {
				failed++
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d measurements failed; the tables say how", failed)
	}
	return nil
}

// onCPU says in words where a process runs.
func onCPU(cpu int) string {
	if cpu < 0 {
		return "on any CPU"
	}
	return fmt.Sprintf("on CPU %d", cpu)
}

// choose returns the members of all that a comma-separated list names, or all if it is empty.
func choose[T any](all []T, name func(T) string, list, what string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	wanted := strings.Split(list, ",")
	var chosen []T
	var known []string
	for _, one := range all {
		known = append(known, name(one))
		if slices.Contains(wanted, name(one)) {
			chosen = append(chosen, one)
		}
	}
	for _, name := range wanted {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("there is no %s %q (there are: %s)", what, name, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}
