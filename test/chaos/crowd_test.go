package chaos

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/protocol"
)

// shape says how large a crowd is, and what happens to it.
type shape struct {
	Name     string // of the crowd, and of its channels
	Clients  int
	Channels int
	Interval time.Duration // of each of the two that publish in a channel, about
	Lasts    time.Duration // messages flow
	Weather  weather       // none if Every is 0
}

// stormy tells whether lines fail. If it is the server that does, nobody uses channels without history: what is
// published there again after a drop may be heard twice.
func (s *shape) stormy() bool { return s.Weather.Every > 0 }

// crowd is many clients in channels where messages flow, each client on a line of its own. The first client of a
// channel publishes there; so does another one whose connection goes past the proxy. One client in ten listens in a
// channel without history besides, one in fifty follows ten channels by a pattern in place of one.
type crowd struct {
	shape
	proxy  *proxy
	direct []*client.Client // past the proxy
	all    []*client.Client // these and those of the lines

	mu        sync.Mutex // guards what follows, while the clients join
	followers []*follower
	listeners []*listener
	speakers  []speaker // in channels with history
	plain     []speaker // in the others
}

const (
	groupOf      = 10  // channels, for a pattern
	followGroup  = 50  // one client in so many
	listenTo     = 10  // likewise
	channelsEach = 100 // that one client past the proxy publishes to
	dialling     = 64  // clients at a time
)

func (c *crowd) chat(n int) string  { return fmt.Sprintf("%s/%d", c.group(n), n) }
func (c *crowd) group(n int) string { return fmt.Sprintf("chat/%s/%d", c.Name, n/groupOf) }
func (c *crowd) quiet(n int) string { return fmt.Sprintf("plain/%s/%d", c.Name, n) }

// gather connects and subscribes everybody. When it fails, what it returns may have to leave all the same.
func gather(ctx context.Context, s shape, server string) (*crowd, error) {
	c, err := prepare(ctx, s, server)
	if err != nil {
		return c, err
	}
	joining, joinCtx := errgroup.WithContext(ctx)
	joining.SetLimit(dialling)
	for i := range s.Clients {
		joining.Go(func() error { return c.join(joinCtx, i) })
	}
	return c, joining.Wait()
}

// prepare connects those whose connections go past the proxy.
func prepare(ctx context.Context, s shape, server string) (*crowd, error) {
	p, err := startProxy(server, s.Clients)
	if err != nil {
		return nil, err
	}
	c := &crowd{shape: s, proxy: p}
	for n := range s.Channels {
		if n%channelsEach == 0 {
			d, err := c.dial(ctx, "ws://"+server+"/socket", n/channelsEach, false)
			if err != nil {
				return c, err
			}
			c.direct = append(c.direct, d)
		}
		c.speakers = append(c.speakers, &publisher{name: fmt.Sprint("direct-", n), channel: c.past(n).Channel(c.chat(n)), interval: s.Interval})
		if n%listenTo == 0 && s.stormy() {
			c.plain = append(c.plain, &publisher{name: fmt.Sprint("plain-", n), channel: c.past(n).Channel(c.quiet(n)), interval: s.Interval})
		}
	}
	return c, nil
}

// past returns the client past the proxy that uses a channel.
func (c *crowd) past(n int) *client.Client { return c.direct[n/channelsEach] }

func (c *crowd) dial(ctx context.Context, url string, i int, patient bool) (*client.Client, error) {
	o := client.Options{KeepTrying: true}
	if patient {
		o.Window = 1
	}
	if i%2 == 1 {
		o.Encoding = protocol.MessagePack
	}
	d, err := client.Dial(ctx, url, &o)
	if err == nil {
		c.mu.Lock()
		c.all = append(c.all, d)
		c.mu.Unlock()
	}
	return d, err
}

// join brings the client of a line in.
func (c *crowd) join(ctx context.Context, i int) error {
	patient := i%4 < 2
	d, err := c.dial(ctx, c.proxy.url(i), i, patient)
	if err != nil {
		return err
	}
	n := i % c.Channels
	subscribe := d.Channel(c.chat(n)).Subscribe
	if i%followGroup == followGroup-1 {
		subscribe = d.Pattern(c.group(n) + "/#").Subscribe
	}
	sub, err := subscribe(ctx, nil)
	if err != nil {
		return err
	}
	at, err := protocol.ParsePosition(sub.Position())
	if err != nil {
		return fmt.Errorf("%s begins at %q: %w", sub.Name(), sub.Position(), err)
	}
	f := &follower{name: sub.Name(), line: c.proxy.lines[i], of: 1, sub: sub, begins: at.Offset}
	var l *listener
	if i%listenTo == 0 && c.stormy() {
		plain, err := d.Channel(c.quiet(n/listenTo*listenTo)).Subscribe(ctx, nil)
		if err != nil {
			return err
		}
		f.of = 2
		l = &listener{line: f.line, of: 2, sub: plain}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followers = append(c.followers, f)
	if l != nil {
		c.listeners = append(c.listeners, l)
	}
	if i < c.Channels {
		c.speakers = append(c.speakers, &publisher{name: fmt.Sprint("line-", i), channel: d.Channel(c.chat(n)), interval: c.Interval, waits: patient})
	}
	return nil
}

// run lets messages flow while the lines fail. during, which may be nil, is called meanwhile. Afterwards it waits
// until everything has arrived, or for longer than that may take, and reports how it went.
func (c *crowd) run(ctx context.Context, during func()) *report {
	noting, stopNoting := context.WithCancel(ctx)
	var notes, flow sync.WaitGroup
	for _, f := range c.followers {
		if f.sub != nil {
			notes.Go(func() { f.follow(noting) })
		}
	}
	for _, l := range c.listeners {
		notes.Go(func() { l.listen(noting) })
	}
	speaking, stop := context.WithTimeout(ctx, c.Lasts)
	defer stop()
	for _, p := range slices.Concat(c.speakers, c.plain) {
		flow.Go(func() { p.speak(ctx, speaking) })
	}
	if c.stormy() {
		for _, f := range c.followers {
			flow.Go(func() { f.line.suffer(speaking, c.Weather, f.of) })
		}
	}
	if during != nil {
		during()
	}
	flow.Wait()

	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r := c.check(waiting)
	stopNoting()
	notes.Wait()
	c.judge(r)
	return r
}

// leave closes everything.
func (c *crowd) leave(ctx context.Context) error {
	var leaving errgroup.Group
	leaving.SetLimit(dialling)
	for _, d := range c.all {
		leaving.Go(func() error { return d.Close(ctx) })
	}
	err := leaving.Wait()
	if stopped := c.proxy.stop(); err == nil {
		err = stopped
	}
	return err
}
