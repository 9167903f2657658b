//go:build linux

package storm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// suffer carries a fault out: it breaks something, waits, undoes it, and returns when all nodes store again.
func (f *fleet) suffer(ctx context.Context, j *record.Journal, what fault) error {
	n := f.nodes[what.Node%len(f.nodes)]
	if what.Kind == killLeader {
		leads, err := f.leader(ctx)
		if err != nil {
			return err
		}
		n = leads
	}
	r := record.Record{At: j.Now(), What: record.Fault, Node: n.name, Kind: string(what.Kind), ID: fmt.Sprint(what.Number), Text: what.String()}
	err := f.breakIt(ctx, j, n, what)
	r.Until = j.Now()
	j.Add(r)
	if err != nil {
		return fmt.Errorf("fault %d, %s: %w", what.Number, what.Kind, err)
	}
	return f.settle(ctx)
}

func (f *fleet) breakIt(ctx context.Context, j *record.Journal, n *node, what fault) error {
	switch what.Kind {
	case kill, killLeader:
		return f.killed(ctx, j, n, what.Lasts, func() error { return nil })
	case wipe:
		return f.killed(ctx, j, n, what.Lasts, n.wipe)
	case stop:
		return f.stopped(ctx, n, what.Lasts)
	case roll:
		for i := range f.nodes {
			if err := f.stopped(ctx, f.nodes[(what.Node+i)%len(f.nodes)], what.Lasts); err != nil {
				return err
			}
			if err := f.settle(ctx); err != nil {
				return err
			}
		}
		return nil
	case drain:
		return undone(ctx, what.Lasts+n.drain, func() error { return n.manage(ctx, "/v1/cluster/drain", fmt.Sprintf(`{"node":%q}`, n.name)) },
			func() error {
				return n.manage(ctx, "/v1/cluster/drain", fmt.Sprintf(`{"node":%q,"undo":true}`, n.name))
			})
	case rebalance:
		return n.manage(ctx, "/v1/cluster/rebalance", "{}")
	case fullDisk:
		if err := undone(ctx, what.Lasts, n.fill, n.empty); err != nil {
			return err
		}
		return f.stopped(ctx, n, 0)
	case jump:
		return undone(ctx, what.Lasts, func() error { return n.jump(what.Ahead) }, func() error { return n.jump(0) })
	case pause:
		return undone(ctx, what.Lasts, func() error { return n.current().signal(syscall.SIGSTOP) }, func() error { return n.current().signal(syscall.SIGCONT) })
	case resets:
		chance := rand.New(rand.NewPCG(uint64(what.Number), 2))
		half := func(int) bool { return chance.IntN(2) == 0 }
		n.clients.Reset(half)
		n.devices.Reset(half)
		if n.route != nil {
			n.route.Reset(half)
		}
		return nil
	case slowness:
		return undone(ctx, what.Lasts, func() error { f.slow(n, what.Slow); return nil }, func() error { f.slow(n, 0); return nil })
	case cutClients:
		return undone(ctx, what.Lasts, func() error { n.clients.Shut(); n.devices.Shut(); return nil }, func() error { n.clients.Open(); n.devices.Open(); return nil })
	case cutRoutes:
		return undone(ctx, what.Lasts, func() error { f.hold(n); return nil }, func() error { f.release(n); return nil })
	}
	return fmt.Errorf("nobody knows how")
}

// undone does something and, after a while, the reverse, even if all is over by then.
func undone(ctx context.Context, after time.Duration, do, undo func() error) error {
	if err := do(); err != nil {
		return err
	}
	sleep(ctx, after)
	return undo()
}

func (f *fleet) killed(ctx context.Context, j *record.Journal, n *node, away time.Duration, meanwhile func() error) error {
	if err := n.kill(j.Now()); err != nil {
		return err
	}
	if err := meanwhile(); err != nil {
		return err
	}
	sleep(ctx, away)
	return n.start(ctx)
}

func (f *fleet) stopped(ctx context.Context, n *node, away time.Duration) error {
	if err := n.stop(); err != nil {
		return err
	}
	sleep(ctx, away)
	return n.start(ctx)
}

// slow has everything that passes to and from a node wait.
func (f *fleet) slow(n *node, d time.Duration) {
	n.clients.Delay(d)
	n.devices.Delay(d)
	if n.route != nil {
		n.route.Delay(d)
	}
}
