//go:build linux

package storm

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// The numbers of a storm. Those that are not given are of the small form.
var (
	stormLasts       = flag.Duration("lasts", 40*time.Second, "for how long messages flow and things break")
	stormSeed        = flag.Uint64("seed", 0, "of the schedule; 0 draws one")
	stormPublishers  = flag.Int("publishers", 30, "how many")
	stormSubscribers = flag.Int("subscribers", 300, "how many")
	stormInterval    = flag.Duration("interval", time.Second, "between the messages of a publisher")
	stormCalm        = flag.Duration("calm", 4*time.Second, "between faults at most")
	stormMost        = flag.Duration("most", 8*time.Second, "that a fault lasts at most")
	stormDrain       = flag.Duration("drain", 2*time.Second, "over which a node that stops has its clients leave")
	stormFormation   = flag.String("formation", cluster, "alone, shared or cluster")
	stormDir         = flag.String("dir", "", "for the journal, the report and the nodes; one that is removed by default")
	stormKinds       = flag.String("kinds", "", "of faults, separated by commas; all by default")
)

func TestStorm(t *testing.T) {
	seed := *stormSeed
	if seed == 0 {
		seed = rand.Uint64N(1_000_000)
	}
	dir := *stormDir
	if dir == "" {
		dir = t.TempDir()
	}
	kinds := kindsOf(*stormFormation)
	if *stormDir == "" { // the small form: see docs/chaos.md
		kinds = slices.DeleteFunc(kinds, func(k kind) bool { return k == cutRoutes })
	}
	if *stormKinds != "" {
		kinds = nil
		for name := range strings.SplitSeq(*stormKinds, ",") {
			kinds = append(kinds, kind(name))
		}
	}
	s := &storm{
		shape: shape{Publishers: *stormPublishers, Subscribers: *stormSubscribers, Interval: *stormInterval},
		lasts: *stormLasts, seed: seed, without: without(),
	}
	binary := build(t)
	p := pace{calm: *stormCalm, most: *stormMost, drain: *stormDrain}
	f := assemble(t, *stormFormation, dir, binary, kinds, p)
	s.faults = schedule(seed, len(f.nodes), kinds, p, *stormLasts)
	t.Logf("seed %d:", seed)
	for _, what := range s.faults {
		t.Log(what)
	}
	began := time.Now()
	r := s.report(t, f, began, s.blow(t, f, dir))
	if err := r.Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, tile := range r.Tiles() {
		t.Logf("%-30s %s  %s", tile.Name, tile.Value, tile.Note)
	}
	if t.Logf("\n%v", r.Verdict); !r.Clean() {
		t.Errorf("promises were broken; again with -seed %d", seed)
	}
}

// build returns the command, built from its sources.
func build(tb testing.TB) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "holdfast")
	if said, err := exec.Command("go", "build", "-o", name, "../../cmd/holdfast").CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, said)
	}
	return name
}

// storm is what happens to whom.
type storm struct {
	shape
	lasts   time.Duration
	seed    uint64
	faults  []fault
	without []string // kinds of faults that can't be had here, and why
	trouble []string // with the storm itself
}

// troubled notes what went wrong with the storm itself, which is then no better than one that broke a promise.
func (s *storm) troubled(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		s.trouble = append(s.trouble, err.Error())
		t.Error(err)
	}
}

// blow lets it happen, and returns the name of the journal.
func (s *storm) blow(t *testing.T, f *fleet, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "journal.jsonl")
	j, err := record.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.usage(t.Context(), j, false); err != nil {
		t.Fatal(err)
	}
	c := gather(t, s.shape, f, j)
	t.Logf("everybody is there after %v", time.Duration(j.Now())*time.Microsecond)

	ctx, cancel := context.WithCancel(t.Context())
	var listening, speaking sync.WaitGroup
	for _, listen := range c.listeners {
		listening.Go(func() { listen(ctx) })
	}
	flow, over := context.WithTimeout(ctx, s.lasts)
	for _, speak := range c.speakers {
		speaking.Go(func() { speak(ctx, flow) })
	}
	for _, what := range s.faults {
		if !sleep(flow, what.Calm) {
			break
		}
		if err := f.suffer(t.Context(), j, what); err != nil {
			s.troubled(t, err)
			break
		}
	}
	<-flow.Done()
	over()
	t.Logf("the storm is over after %v", time.Duration(j.Now())*time.Microsecond)
	s.troubled(t, f.settle(t.Context()))
	s.troubled(t, within("what was published is answered", &speaking))
	s.troubled(t, c.end(t.Context()))
	cancel()
	s.troubled(t, within("listeners end", &listening))

	leaving, left := context.WithTimeout(context.Background(), patience)
	defer left()
	s.troubled(t, c.leave(leaving))
	s.troubled(t, f.calm(leaving, j))
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// within waits for goroutines, but not for ever.
func within(what string, group *sync.WaitGroup) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		group.Wait()
	}()
	select {
	case <-done:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("it takes too long until %s", what)
	}
}

// end reads the histories, waits until everybody has what is in them, and asks who is present.
func (c *crowd) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	newest, err := c.readAll(ctx)
	if err != nil {
		return err
	}
	waiting := 0
	for _, e := range c.ears {
		for channel, last := range newest {
			for channel == e.channel && !e.has(last) {
				if !sleep(ctx, 20*time.Millisecond) {
					waiting++
					break
				}
			}
		}
	}
	if waiting > 0 {
		return fmt.Errorf("%d subscribers still wait for the newest message of their channel", waiting)
	}
	return c.rosters(ctx)
}

// readAll writes the histories down as the first node has them, and returns the newest message of each.
func (c *crowd) readAll(ctx context.Context) (map[string]record.Record, error) {
	d, err := client.Dial(ctx, c.fleet.nodes[0].url(), &client.Options{KeepTrying: true})
	if err != nil {
		return nil, err
	}
	defer d.Close(ctx)
	newest := map[string]record.Record{}
	for _, channel := range c.histories() {
		for m, err := range d.Channel(channel).History(ctx, nil) {
			if err != nil {
				return newest, fmt.Errorf("the history of %s can't be read: %w", channel, err)
			}
			r := record.Record{What: record.Stored, Channel: channel, ID: idOf(m.Text()), Sum: record.Sum(m.Text()), Offset: m.Offset, Epoch: m.Epoch}
			c.journal.Add(r)
			newest[channel] = r
		}
	}
	return newest, nil
}

// rosters asks every node who is present, some time after the last fault.
func (c *crowd) rosters(ctx context.Context) error {
	sleep(ctx, goneWithin/2) // for those who come back
	for _, n := range c.fleet.nodes {
		d, err := client.Dial(ctx, n.url(), &client.Options{KeepTrying: true})
		if err != nil {
			return err
		}
		if err := c.roster(ctx, "all", n, d, true); err != nil {
			return err
		}
		if err := d.Close(ctx); err != nil {
			return err
		}
	}
	return nil
}

// calm waits until the nodes have got rid of what clients have left behind, or for a while, and writes down what they use.
func (f *fleet) calm(ctx context.Context, j *record.Journal) error {
	sleep(ctx, 10*time.Second)
	return f.usage(ctx, j, true)
}
