//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/bench/internal/daemon"
	"github.com/holdfast-dev/holdfast/bench/internal/dialect"
	"github.com/holdfast-dev/holdfast/bench/internal/load"
	"github.com/holdfast-dev/holdfast/bench/internal/process"
	"github.com/holdfast-dev/holdfast/bench/internal/report"
)

// serverPlan is what a comparison of servers measures and how.
type serverPlan struct {
	settings
	loads   []serverLoad
	daemons []daemon.Daemon
	settle  time.Duration // between opening idle connections and looking at the memory
}

const quickServersCaution = "This was a quick run: it shows that the comparison works, not how the servers compare."

// servers is the subcommand that measures whole servers.
func servers(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	plan, err := parseServerPlan(args, stderr)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "holdfast-bench-")
	if err != nil {
		return err
	}
	r, err := plan.compare(ctx, folder)
	if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
		return err
	}
	r.Command = "go run . servers " + strings.Join(args, " ")
	return plan.publish(r, stdout)
}

func parseServerPlan(args []string, stderr io.Writer) (*serverPlan, error) {
	p := new(serverPlan)
	flags := flag.NewFlagSet("bench servers", flag.ContinueOnError)
	flags.DurationVar(&p.settle, "settle", 10*time.Second, "how long idle connections are open before the server's memory is looked at")
	if err := p.parse(flags, args, "results-servers", stderr); err != nil {
		return nil, err
	}
	if p.quick {
		p.settle = 100 * time.Millisecond
	}
	var err error
	p.loads, err = choose(serverLoads(p.quick), func(l serverLoad) string { return l.name }, p.wantedLoads, "load")
	if err != nil {
		return nil, err
	}
	p.daemons, err = choose(daemon.All(), func(d daemon.Daemon) string { return d.Name }, p.wantedPeers, "peer")
	return p, err
}

// compare installs the servers, with what is built in folder, and measures them.
func (p *serverPlan) compare(ctx context.Context, folder string) (*report.Report, error) {
	r := report.New("Servers compared")
	r.Overview = true
	r.Method = p.method()
	if p.quick {
		r.Caution = quickServersCaution
	}
	var ready []*daemon.Ready
	for _, d := range p.daemons {
		fmt.Fprintf(p.progress, "preparing %s\n", d.Name)
		one, err := d.Install(ctx, folder)
		if err != nil {
			return nil, err
		}
		ready = append(ready, one)
		if version := one.Version(); version != "" {
			r.Peers = append(r.Peers, version)
		}
	}
	if err := process.Pin(p.clientCPU); err != nil { // not before: building may use all of them
		return nil, err
	}
	for _, l := range p.loads {
		table, err := p.measure(ctx, l, ready)
		if err != nil {
			return nil, err
		}
		r.Tables = append(r.Tables, table)
	}
	r.Plots = p.plots(r.Tables)
	return r, nil
}

// The names of our own server where it is compared with itself.
const (
	ephemeral = "ephemeral" // with what a channel without history reaches under the same load
	bare      = "websocket" // with what WebSockets reach
	envelopes = "socket"    // with what its own protocol reaches
)

// way is how the messages of a load come and go.
type way struct {
	dialect dialect.Dialect
	channel string
	depth   int // in flight, or published at once
	batch   int // messages in what the load counts as one
}

// measure puts every server under a load, or, under one of history, ours on channels with and
// without.
func (p *serverPlan) measure(ctx context.Context, l serverLoad, ready []*daemon.Ready) (*report.Table, error) {
	table := &report.Table{Name: l.name, Title: l.title, Unit: l.unit(), Memory: l.kind == idle, Goals: l.goals}
	var contenders []contender
	enter := func(name string, role report.Role, one *daemon.Ready, by way) {
		measure := func(ctx context.Context) (sample, error) { return p.sample(ctx, l, one, by) }
		contenders = append(contenders, contender{name, role, measure})
	}
	for _, one := range ready {
		switch own := one.Name == daemon.Own; {
		case l.kind == fanIn && own: // whoever publishes by WebSocket hears the others
		case l.kind == fanIn && one.Name == daemon.OwnMQTT:
			enter(one.Name, report.Own, one, way{one.Dialect, ephemeralChannel, l.burst, 1})
		case own && l.over != "":
			enter(one.Name, report.Own, one, l.other())
			name, by := l.bare()
			enter(name, report.Rival, one, by)
		case own && l.history:
			enter(one.Name, report.Own, one, way{one.Dialect, historyChannel, l.burst, 1})
			if l.kind != returning {
				enter(ephemeral, report.Rival, one, way{one.Dialect, ephemeralChannel, l.burst, 1})
			}
		case own:
			enter(one.Name, report.Own, one, way{one.Dialect, ephemeralChannel, l.burst, 1})
		case !l.history && l.over == "":
			enter(one.Name, report.Rival, one, way{one.Dialect, ephemeralChannel, l.burst, 1})
		}
	}
	return table, p.takeTurns(ctx, table, contenders)
}

// plots returns a plot for each sweep of which more than one load was measured.
func (p *serverPlan) plots(tables []*report.Table) []*report.Plot {
	var plots []*report.Plot
	for _, s := range sweeps() {
		plot := &report.Plot{Name: s.name, Title: s.title, Axis: s.axis}
		for i, l := range p.loads {
			if slices.Contains(s.loads, l.name) {
				plot.Add(s.at(l), tables[i])
			}
		}
		if plot.Points() > 1 {
			plots = append(plots, plot)
		}
	}
	return plots
}

// sample starts a server, measures it once and stops it.
func (p *serverPlan) sample(ctx context.Context, l serverLoad, one *daemon.Ready, by way) (_ sample, err error) {
	limit := p.pace.warm + p.pace.length + p.settle + cellTimeout
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("the measurement was not over after %s", limit))
	defer cancel()
	server, err := one.Start(ctx, daemon.Place{CPU: p.serverCPU, Procs: p.procs}, l.secure)
	if err != nil {
		return sample{}, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	target := load.Target{Addr: server.Addr, TLS: l.secure, Dialect: by.dialect, Channel: by.channel,
		Conns: l.conns, Size: l.bytes, Depth: max(by.depth, 1)}
	window := load.Window{Warm: p.pace.warm, Length: p.pace.length, ServerCPU: server.CPU}
	var result *load.Result
	switch l.kind {
	case idle:
		return p.subscriberMemory(ctx, target, server)
	case opening:
		return openingCost(ctx, target, server)
	case fanOut:
		result, err = load.FanOut(ctx, target, window, l.quiet)
	case fanIn:
		result, err = load.FanIn(ctx, target, window)
	case publish:
		target.Dialect = dialect.Post{Prefix: daemon.ChannelPrefix}
		result, err = load.Echo(ctx, target, window)
	case publishWS:
		target.Apart = true
		result, err = load.Echo(ctx, target, window)
	case returning:
		result, err = p.comeBack(ctx, target, server)
	}
	if err != nil {
		return sample{}, err
	}
	result.Messages *= uint64(by.batch)
	return sampleOf(result), nil
}

// subscriberMemory measures what a subscriber that is silent costs. Nobody can make other people's
// programs collect their garbage: what counts is what is resident when the connections have been
// open for a while.
func (p *serverPlan) subscriberMemory(ctx context.Context, target load.Target, server *daemon.Running) (sample, error) {
	few := target
	few.Conns = rehearsal
	if err := load.Subscribed(ctx, few, 0, func() error { return nil }); err != nil {
		return sample{}, err
	}
	before, err := server.RSS()
	if err != nil {
		return sample{}, err
	}
	var after int64
	err = load.Subscribed(ctx, target, p.settle, func() (err error) {
		after, err = server.RSS()
		return err
	})
	return sample{value: float64(after-before) / float64(target.Conns)}, err
}

// openingCost measures what it costs to let clients in: TLS, the handshake of the WebSocket, the subscription.
func openingCost(ctx context.Context, target load.Target, server *daemon.Running) (sample, error) {
	few := target
	few.Conns = rehearsal
	if err := load.Subscribed(ctx, few, 0, func() error { return nil }); err != nil {
		return sample{}, err
	}
	before, err := server.CPU()
	if err != nil {
		return sample{}, err
	}
	var after time.Duration
	err = load.Subscribed(ctx, target, 0, func() (err error) {
		after, err = server.CPU()
		return err
	})
	return sample{value: float64(target.Conns) / (after - before).Seconds()}, err
}

// method says how the figures came to be.
func (p *serverPlan) method() string {
	return fmt.Sprintf("Each server is a process of its own, %s, those in Go with GOMAXPROCS=%d; the load is one epoll thread %s, over loopback.\n"+
		"Medians of %d rounds of %s in which the servers took turns; CPU time is the kernel's clock of the server process, user and system.\n"+
		"Holdfast: bare WebSocket on `/channels/…`; nats: its own protocol over WebSocket; mosquitto: MQTT 3.1.1 over TCP, QoS 0;\n"+
		"socketio: Engine.IO over WebSocket; websocket and socket: Holdfast again, where it is compared with itself. One more client publishes, and again when everybody has everything. Nothing is compressed.\n"+
		"Memory is the growth of the server's resident memory %s after the connections were opened, measured once.",
		onCPU(p.serverCPU), p.procs, onCPU(p.clientCPU), p.pace.rounds, p.pace.length, p.settle)
}
