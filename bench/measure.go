//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
	"github.com/holdfast-dev/holdfast/bench/internal/load"
	"github.com/holdfast-dev/holdfast/bench/internal/peer"
	"github.com/holdfast-dev/holdfast/bench/internal/process"
	"github.com/holdfast-dev/holdfast/bench/internal/report"
	"github.com/holdfast-dev/holdfast/bench/internal/stat"
)

// sample is what one round says of one peer.
type sample struct {
	value      float64 // in the load's unit
	rate       float64 // messages per second
	p50, p99   time.Duration
	serverBusy float64 // of one CPU
	clientBusy float64 // of one CPU
}

// measure puts every peer under a load, in turns, so that what else happens on the machine strikes
// them alike. A peer that fails once is not tried again. The error is that the run was interrupted.
func (p *plan) measure(ctx context.Context, w workload) (*report.Table, error) {
	samples := map[string][]sample{}
	failures := map[string]error{}
	rounds := p.pace.rounds
	if w.memory {
		rounds = 1 // it takes long, and hardly varies
	}
	for round := range rounds {
		for _, one := range p.peers {
			if !w.concerns(one) || failures[one.Name] != nil {
				continue
			}
			s, err := p.sample(ctx, w, one)
			if ctx.Err() != nil {
				return nil, fmt.Errorf("interrupted: %w", context.Cause(ctx))
			}
			if err != nil {
				failures[one.Name] = err
				fmt.Fprintf(p.progress, "%-12s %-9s %v\n", w.name, one.Name, err)
				continue
			}
			samples[one.Name] = append(samples[one.Name], s)
			fmt.Fprintf(p.progress, "%-12s %-9s round %d of %d: %.0f %s\n", w.name, one.Name, round+1, rounds, s.value, w.unit())
		}
	}
	table := &report.Table{Name: w.name, Title: w.title, Unit: w.unit(), Memory: w.memory}
	for _, one := range p.peers {
		if w.concerns(one) {
			table.Rows = append(table.Rows, row(one, samples[one.Name], failures[one.Name]))
		}
	}
	return table, nil
}

// row makes one row of the samples of one peer.
func row(p peer.Peer, samples []sample, failure error) report.Row {
	role := report.Rival
	switch {
	case p.Name == peer.Own:
		role = report.Own
	case p.IsFloor():
		role = report.Floor
	}
	if failure != nil {
		return report.Row{Peer: p.Name, Role: role, Err: failure.Error()}
	}
	summary := func(of func(sample) float64) stat.Summary {
		var values []float64
		for _, s := range samples {
			values = append(values, of(s))
		}
		return stat.Summarize(values)
	}
	return report.Row{
		Peer:       p.Name,
		Role:       role,
		Value:      summary(func(s sample) float64 { return s.value }),
		Rate:       summary(func(s sample) float64 { return s.rate }).Median,
		P50:        time.Duration(summary(func(s sample) float64 { return float64(s.p50) }).Median),
		P99:        time.Duration(summary(func(s sample) float64 { return float64(s.p99) }).Median),
		ServerBusy: summary(func(s sample) float64 { return s.serverBusy }).Median,
		ClientBusy: summary(func(s sample) float64 { return s.clientBusy }).Median,
	}
}

// cellTimeout is how long one measurement may take on top of its window, opening thousands of TLS
// connections included.
const cellTimeout = time.Minute

// sample starts a peer's server, measures it once and stops it.
func (p *plan) sample(ctx context.Context, w workload, one peer.Peer) (sample, error) {
	limit := p.pace.warm + p.pace.length + cellTimeout
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the measurement was not over after %s", limit))
	defer cancel()
	binary, err := os.Executable()
	if err != nil {
		return sample{}, err
	}
	server, err := process.Start(ctx, p.procs, binary, "server", "-peer", one.Name, "-kind", string(w.kind),
		"-tls="+strconv.FormatBool(w.target.TLS), "-cpu", strconv.Itoa(p.serverCPU))
	if err != nil {
		return sample{}, err
	}
	defer server.Stop()
	target := w.target
	target.Addr, target.Dialect = server.Addr, dialect.WebSocket{Prefix: "/"}
	if w.memory {
		return memory(ctx, target, w.used, server)
	}
	if p.profiles != "" {
		file, err := filepath.Abs(filepath.Join(p.profiles, one.Name+"-"+w.name+".pprof"))
		if err != nil {
			return sample{}, err
		}
		if err := server.Profile(file); err != nil {
			return sample{}, err
		}
	}
	s, err := p.throughput(ctx, w.kind, target, server)
	if err == nil && p.profiles != "" {
		err = server.StopProfile()
	}
	return s, err
}

// throughput measures the CPU time of messages.
func (p *plan) throughput(ctx context.Context, kind peer.Kind, target load.Target, server *process.Process) (sample, error) {
	window := load.Window{Warm: p.pace.warm, Length: p.pace.length, ServerCPU: server.CPU}
	var result *load.Result
	var err error
	if kind == peer.Broadcast {
		result, err = load.Broadcast(ctx, target, window, server.Members)
	} else {
		result, err = load.Echo(ctx, target, window)
	}
	if err != nil {
		return sample{}, err
	}
	return sample{
		value:      float64(result.Messages) / result.ServerCPU.Seconds(),
		rate:       float64(result.Messages) / result.Elapsed.Seconds(),
		p50:        result.Latency.Quantile(0.50),
		p99:        result.Latency.Quantile(0.99),
		serverBusy: result.ServerCPU.Seconds() / result.Elapsed.Seconds(),
		clientBusy: result.ClientCPU.Seconds() / result.Elapsed.Seconds(),
	}, nil
}

// rehearsal is how many connections a server has had before its memory is looked at first, so that
// what it sets up once does not count.
const rehearsal = 16

// memory measures what a connection that is open and silent costs.
func memory(ctx context.Context, target load.Target, used int, server *process.Process) (sample, error) {
	resident := func() (int64, error) {
		if err := server.Collect(); err != nil {
			return 0, err
		}
		return server.RSS()
	}
	few := target
	few.Conns = rehearsal
	if err := load.Idle(ctx, few, 1, func() error { return nil }); err != nil {
		return sample{}, err
	}
	before, err := resident()
	if err != nil {
		return sample{}, err
	}
	var after int64
	err = load.Idle(ctx, target, used, func() (err error) {
		after, err = resident()
		return err
	})
	return sample{value: float64(after-before) / float64(target.Conns)}, err
}
