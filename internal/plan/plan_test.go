package plan

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawLoad(t *rapid.T) Load {
	clients := rapid.Float64Range(0, 5e6).Draw(t, "connections")
	return Load{
		Connections: clients,
		Messages:    rapid.Float64Range(0, 1e5).Draw(t, "messages"),
		Fanout:      clients * rapid.Float64Range(0, 0.01).Draw(t, "fanout"),
		Bytes:       rapid.Float64Range(0, 1e5).Draw(t, "bytes"),
		Kept:        rapid.Float64Range(0, 0.9).Draw(t, "kept"),
		Keep:        time.Duration(rapid.IntRange(0, 1e6).Draw(t, "keep")) * time.Second,
		Back:        time.Duration(rapid.IntRange(1, 600).Draw(t, "back")) * time.Second,
		Plain:       rapid.Bool().Draw(t, "plain"),
	}
}

func drawMachine(t *rapid.T) Machine {
	return Machine{
		Cores:   rapid.Float64Range(1, 128).Draw(t, "cores"),
		Memory:  rapid.Float64Range(1, 512).Draw(t, "memory") * (1 << 30),
		Network: rapid.Float64Range(0.1, 100).Draw(t, "network") * 1e9,
	}
}

// atLeast tells whether a is no less than b, but for what rounding makes of it.
func atLeast(a, b float64) bool { return a >= b*(1-1e-9) }

func TestMoreLoadNeverNeedsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		less, m := drawLoad(t), drawMachine(t)
		more, grow := less, rapid.Float64Range(1, 10).Draw(t, "grow")
		switch rapid.IntRange(0, 7).Draw(t, "what") {
		case 0:
			more.Connections *= grow
		case 1:
			more.Messages *= grow
		case 2:
			more.Fanout *= grow
		case 3:
			more.Bytes *= grow
		case 4:
			more.Kept = min(1, more.Kept*grow)
		case 5:
			more.Keep = time.Duration(float64(more.Keep) * grow)
		case 6:
			more.Back = max(time.Second, time.Duration(float64(more.Back)/grow))
		case 7:
			less.Plain, more.Plain = true, false
		}
		a, b := Make(less, m), Make(more, m)
		if b.Nodes < a.Nodes || b.Enough && !a.Enough {
			t.Fatalf("%d nodes (%t) for %+v, and %d (%t) for %+v", a.Nodes, a.Enough, less, b.Nodes, b.Enough, more)
		}
		for _, v := range []struct {
			of         string
			less, more float64
		}{
			{"cores", a.Cluster.Cores, b.Cluster.Cores}, {"memory", a.Cluster.Memory, b.Cluster.Memory}, {"out", a.Cluster.Out, b.Cluster.Out},
			{"in", a.Cluster.In, b.Cluster.In}, {"disk", a.Cluster.Disk, b.Cluster.Disk}, {"writes", a.Cluster.DiskWrites, b.Cluster.DiskWrites},
		} {
			if !atLeast(v.more, v.less) {
				t.Fatalf("%s: %g for %+v, and %g for %+v", v.of, v.less, less, v.more, more)
			}
		}
	})
}

func TestABetterMachineNeverNeedsMoreNodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m := drawLoad(t), drawMachine(t)
		better, grow := m, rapid.Float64Range(1, 10).Draw(t, "grow")
		switch rapid.IntRange(0, 2).Draw(t, "what") {
		case 0:
			better.Cores *= grow
		case 1:
			better.Memory *= grow
		case 2:
			better.Network *= grow
		}
		if a, b := Make(l, m), Make(l, better); b.Nodes > a.Nodes || a.Enough && !b.Enough {
			t.Fatalf("%d nodes (%t) of %+v, and %d (%t) of %+v", a.Nodes, a.Enough, m, b.Nodes, b.Enough, better)
		}
	})
}

func TestAPlanIsEnoughAndNoFewerNodesAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, m := drawLoad(t), drawMachine(t)
		p := Make(l, m)
		if p.Enough != (p.Uses[0].Share <= 1) || p.Nodes < FewestNodes || p.Nodes > MostNodes || p.Logs < 1 || p.Logs > MostLogs {
			t.Fatalf("%+v", p)
		}
		if !p.Enough && (p.Nodes != MostNodes || p.Logs != MostLogs) {
			t.Fatalf("it gives up at %d nodes and %d logs", p.Nodes, p.Logs)
		}
		for logs := range MostLogs {
			fewer := &Plan{Load: l, Machine: m, Nodes: p.Nodes - 1, Logs: logs + 1}
			if fewer.reckon(); fewer.Nodes >= FewestNodes && fewer.Enough {
				t.Fatalf("%d nodes are enough, too", fewer.Nodes)
			}
		}
	})
}

func TestTheWorkIsAllThatProcessorsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Make(drawLoad(t), drawMachine(t))
		sum := 0.0
		for i, w := range p.Work {
			if sum += w.Cores; w.Cores < 0 || i > 0 && w.Cores > p.Work[i-1].Cores {
				t.Fatalf("%+v", p.Work)
			}
		}
		if math.Abs(sum-p.Node.Cores) > 1e-9*sum {
			t.Fatalf("%g of %g cores", sum, p.Node.Cores)
		}
	})
}

// What the model says of loads that were measured in another way has the right size.
func TestAnIdleMillionIsAMatterOfMemory(t *testing.T) {
	p := Make(Load{Connections: 1e6, Bytes: 100, Back: 10 * time.Minute}, Machine{Cores: 16, Memory: 16 << 30, Network: 10e9})
	if p.Uses[0].Of != Memory || p.Nodes != 4 {
		t.Errorf("%d nodes, and %s gives first", p.Nodes, p.Uses[0].Of)
	}
}

func TestALogGivesBeforeTheProcessorsOfLargeMachinesDo(t *testing.T) {
	p := Make(Load{Connections: 100, Messages: MostLogs*logMessages + 1, Fanout: 1, Bytes: 100, Kept: 1, Back: time.Minute},
		Machine{Cores: 128, Memory: 1 << 40, Network: 100e9})
	if p.Uses[0].Of != Log || p.Enough {
		t.Errorf("%s gives first, %t", p.Uses[0].Of, p.Enough)
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	good := Load{Connections: 10, Messages: 1, Fanout: 10, Bytes: 1, Kept: 1, Back: time.Second}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*Load){
		func(l *Load) { l.Connections = -1 },
		func(l *Load) { l.Messages = math.NaN() },
		func(l *Load) { l.Messages = math.Inf(1) },
		func(l *Load) { l.Fanout = 11 },
		func(l *Load) { l.Kept = 1.1 },
		func(l *Load) { l.Keep = -time.Second },
		func(l *Load) { l.Back = 0 },
	} {
		l := good
		if change(&l); l.Check() == nil {
			t.Errorf("%+v makes sense", l)
		}
	}
	for _, m := range []Machine{{}, {Cores: 1, Memory: 1}, {Cores: math.Inf(1), Memory: 1, Network: 1}, {Cores: math.NaN(), Memory: 1, Network: 1}} {
		if m.Check() == nil {
			t.Errorf("%+v makes sense", m)
		}
	}
}
