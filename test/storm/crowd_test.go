//go:build linux

package storm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// shape says how large a crowd is.
type shape struct {
	Publishers  int
	Subscribers int
	Interval    time.Duration // between the messages of a publisher, about
}

const (
	subscribersEach = 20 // of a channel
	dialling        = 32 // clients at a time
	groupOf         = 10 // channels, for a pattern
	people          = "storm/people"
	readEvery       = 2 * time.Second
	rosterEvery     = time.Second
)

// crowd is all clients of a storm.
type crowd struct {
	shape
	fleet   *fleet
	journal *record.Journal
	script  *script // the clients in Node

	mu        sync.Mutex // guards what follows
	ears      []*ear
	speakers  []func(ctx, speaking context.Context)
	listeners []func(ctx context.Context)
	clients   []*client.Client
	at        map[string]string // the node at which a client of the SDK is, by its name
}

func (s *shape) channels() int        { return max(4, s.Subscribers/subscribersEach) }
func (s *shape) quietOnes() int       { return max(1, s.channels()/groupOf) }
func group(n int) string              { return fmt.Sprintf("storm/%d", n/groupOf) }
func chat(n int) string               { return fmt.Sprintf("%s/%d", group(n), n) }
func quiet(n int) string              { return fmt.Sprintf("calm/%d", n) }
func probed(n *node) string           { return "storm/probe/" + n.name }
func (c *crowd) chat(i int) string    { return chat(i % c.channels()) }
func (c *crowd) quiet(i int) string   { return quiet(i % c.quietOnes()) }
func (c *crowd) url(i int) string     { return c.fleet.urls(i)[0] }
func (c *crowd) other(i int) []string { return c.fleet.urls(i)[1:] }

// histories returns all channels with a history.
func (c *crowd) histories() (all []string) {
	for i := range c.channels() {
		all = append(all, chat(i))
	}
	for _, n := range c.fleet.nodes {
		all = append(all, probed(n))
	}
	return all
}

// gather connects and subscribes everybody, and returns when all are live.
func gather(tb testing.TB, s shape, f *fleet, j *record.Journal) *crowd {
	tb.Helper()
	c := &crowd{shape: s, fleet: f, journal: j, at: map[string]string{}}
	for _, channel := range c.histories() {
		j.Add(record.Record{What: record.Channel, Channel: channel, Kept: true})
	}
	for i := range c.quietOnes() {
		j.Add(record.Record{What: record.Channel, Channel: quiet(i)})
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	joining, joinCtx := errgroup.WithContext(ctx)
	joining.SetLimit(dialling)
	var scripted []scriptedClient
	for i := range s.Subscribers {
		if i%20 >= 10 && i%20 < 13 {
			scripted = append(scripted, scriptedClient{Who: fmt.Sprint("ts-", i), Channel: c.chat(i), URLs: f.urls(i)})
			continue
		}
		joining.Go(func() error { return c.join(joinCtx, i) })
	}
	for i := range s.Publishers {
		if i%10 == 3 || i%10 == 4 {
			scripted = append(scripted, scriptedClient{Who: fmt.Sprint("ts-speaker-", i), Publishes: c.chat(i), URLs: f.urls(i)})
			continue
		}
		joining.Go(func() error { return c.introduce(joinCtx, i) })
	}
	for i, n := range f.nodes {
		joining.Go(func() error { return c.attend(joinCtx, i, n) })
	}
	if err := joining.Wait(); err != nil {
		tb.Fatal(err)
	}
	c.script = startScript(tb, c, scripted)
	return c
}

// join brings a subscriber in. Of twenty, ten use the Go SDK (one by a pattern, one in a channel without history, too),
// three the TypeScript SDK, two a bare WebSocket, two an event stream, and three are devices.
func (c *crowd) join(ctx context.Context, i int) error {
	switch i % 20 {
	case 13, 14:
		return c.joinRaw(ctx, i)
	case 15, 16:
		return c.joinEvents(ctx, i)
	case 17, 18, 19:
		return c.joinDevice(ctx, i)
	}
	return c.joinSDK(ctx, i)
}

// introduce brings a publisher in. Of ten, five use the Go SDK, two the TypeScript SDK, two POST, and one POSTs where
// nothing is kept.
func (c *crowd) introduce(ctx context.Context, i int) error {
	name := fmt.Sprint("p", i)
	switch i % 10 {
	case 5, 6:
		c.speaks(func(ctx, speaking context.Context) { c.post(ctx, speaking, name, c.chat(i), i) })
		return nil
	case 7:
		c.speaks(func(ctx, speaking context.Context) { c.postPlain(speaking, name, c.quiet(i/10), i) })
		return nil
	}
	o := &client.Options{Endpoints: c.other(i), KeepTrying: true}
	if i%2 == 0 {
		o.Window = 1
	}
	return c.speakSDK(ctx, name, c.url(i), c.chat(i), o, c.Interval)
}

// attend brings in who is bound to a node: a probe, a watcher of presence, mortals and a reader.
func (c *crowd) attend(ctx context.Context, i int, n *node) error {
	if err := c.speakSDK(ctx, "probe-"+n.name, n.url(), probed(n), &client.Options{KeepTrying: true}, probeEvery); err != nil {
		return err
	}
	if err := c.watch(ctx, n); err != nil {
		return err
	}
	for k := range mortalsEach {
		c.listens(func(ctx context.Context) { c.live(ctx, n, k) })
	}
	for k := range residentsEach {
		if err := c.reside(ctx, i*residentsEach+k); err != nil {
			return err
		}
	}
	return c.readHistories(ctx, i, n)
}

func (c *crowd) speaks(f func(ctx, speaking context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.speakers = append(c.speakers, f)
}

func (c *crowd) listens(f func(ctx context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners = append(c.listeners, f)
}

func (c *crowd) dial(ctx context.Context, who, url string, o *client.Options) (*client.Client, error) {
	d, err := client.Dial(ctx, url, o)
	if err != nil {
		return nil, fmt.Errorf("%s can't connect: %w", who, err)
	}
	c.mu.Lock()
	c.clients = append(c.clients, d)
	c.mu.Unlock()
	c.listens(func(ctx context.Context) { c.noteStates(ctx, who, d) })
	return d, nil
}

// noteStates writes down to which node a client is connected.
func (c *crowd) noteStates(ctx context.Context, who string, d *client.Client) {
	for change := range d.States(ctx) {
		r := record.Record{What: record.State, Who: who, Kind: record.Go}
		if n := c.fleet.at(change.Endpoint); n != nil && change.State == client.Ready {
			r.Node = n.name
		}
		if change.State == client.Closed && ctx.Err() == nil {
			r.Text = fmt.Sprint(change.Err)
		}
		c.mu.Lock()
		c.at[who] = r.Node
		c.mu.Unlock()
		c.journal.Add(r)
	}
}

// isAt tells whether a client is at a node.
func (c *crowd) isAt(who string, n *node) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at[who] == n.name
}

// leave closes everything that is not closed by the end of its context.
func (c *crowd) leave(ctx context.Context) error {
	var leaving errgroup.Group
	leaving.SetLimit(dialling)
	for _, d := range c.clients {
		leaving.Go(func() error { return d.Close(ctx) })
	}
	leaving.Go(c.script.end)
	return leaving.Wait()
}

// textOf is what a publication says: its id, and something that is as long as a line of a chat.
func textOf(id string) string { return id + " " + strings.Repeat("x", 40+rand.IntN(80)) }

// idOf is the reverse of textOf.
func idOf(text string) string {
	id, _, _ := strings.Cut(text, " ")
	return id
}

// about returns a time between three and five quarters of d.
func about(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2) }
