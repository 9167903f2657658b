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
)

// measure puts every peer under a load.
func (p *plan) measure(ctx context.Context, w workload) (*report.Table, error) {
	table := &report.Table{Name: w.name, Title: w.title, Unit: w.unit(), Memory: w.memory}
	var contenders []contender
	for _, one := range p.peers {
		if w.concerns(one) {
			measure := func(ctx context.Context) (sample, error) { return p.sample(ctx, w, one) }
			contenders = append(contenders, contender{one.Name, role(one), measure})
		}
	}
	return table, p.takeTurns(ctx, table, contenders)
}

// role returns what a peer is there for.
func role(p peer.Peer) report.Role {
	switch {
	case p.Name == peer.Own:
		return report.Own
	case p.IsFloor():
		return report.Floor
	}
	return report.Rival
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
	return sampleOf(result), nil
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
