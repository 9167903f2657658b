//go:build linux

package storm

import (
	"context"
	"fmt"
	"time"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// joinSDK brings a subscriber with the Go SDK in.
func (c *crowd) joinSDK(ctx context.Context, i int) error {
	who := fmt.Sprint("go-", i)
	o := &client.Options{Endpoints: c.other(i), KeepTrying: true}
	if i%2 == 1 {
		o.Encoding = protocol.MessagePack
	}
	d, err := c.dial(ctx, who, c.url(i), o)
	if err != nil {
		return err
	}
	name, subscribe := c.chat(i), d.Channel(c.chat(i)).Subscribe
	if i%20 == 0 {
		name = group(i%c.channels()) + "/#"
		subscribe = d.Pattern(name).Subscribe
	}
	if err := c.hear(ctx, who, name, subscribe, nil); err != nil {
		return err
	}
	if i%20 == 1 {
		return c.hear(ctx, who, c.quiet(i), d.Channel(c.quiet(i)).Subscribe, nil)
	}
	return nil
}

// hear subscribes, and notes what comes from then on.
func (c *crowd) hear(ctx context.Context, who, name string, subscribe func(context.Context, *client.SubscribeOptions) (*client.Subscription, error), o *client.SubscribeOptions) error {
	sub, err := subscribe(ctx, o)
	if err != nil {
		return fmt.Errorf("%s can't subscribe to %s: %w", who, name, err)
	}
	e := c.listenFor(who, record.Go, name)
	if err := e.joins(sub.Position()); err != nil {
		return err
	}
	c.listens(func(ctx context.Context) { e.follow(ctx, sub) })
	return nil
}

// follow notes what comes until ctx ends.
func (e *ear) follow(ctx context.Context, sub *client.Subscription) {
	for event, err := range sub.Events(ctx) {
		switch happened := event.(type) {
		case *client.Message:
			e.got(happened.Text(), happened.Offset, happened.Epoch)
		case *client.Live:
			e.tells(record.Live, "")
		case *client.Lost:
			e.tells(record.Lost, happened.Error())
		case *client.Gap:
			e.tells(record.Gap, happened.Error())
		case nil:
			if ctx.Err() == nil {
				e.tells(record.Ended, err.Error())
			}
		}
	}
}

// speakSDK brings a publisher with the Go SDK in.
func (c *crowd) speakSDK(ctx context.Context, name, url, channel string, o *client.Options, interval time.Duration) error {
	d, err := c.dial(ctx, name, url, o)
	if err != nil {
		return err
	}
	c.speaks(func(ctx, speaking context.Context) {
		on := make(chan *client.Publication, client.DefaultWindow)
		go func() {
			defer close(on)
			for n := 0; sleep(speaking, about(interval)); n++ {
				id := fmt.Sprintf("%s-%d", name, n)
				text := textOf(id)
				c.journal.Add(record.Record{What: record.Send, Who: name, Channel: channel, ID: id, Sum: record.Sum(text), Ordered: o.Window == 1})
				p, err := d.Channel(channel).PublishAsync(ctx, client.Text(text), &client.PublishOptions{ID: id})
				if err != nil {
					c.failed(name, channel, id, err)
					return
				}
				on <- p
			}
		}()
		n := 0
		for p := range on {
			id := fmt.Sprintf("%s-%d", name, n)
			n++
			ack, err := p.Wait(ctx)
			if err != nil {
				c.failed(name, channel, id, err)
				continue
			}
			c.acked(name, channel, id, ack.Offset, ack.Epoch)
		}
	})
	return nil
}

func (c *crowd) acked(who, channel, id string, offset uint64, epoch string) {
	c.journal.Add(record.Record{What: record.Ack, Who: who, Channel: channel, ID: id, Offset: offset, Epoch: epoch})
}

func (c *crowd) failed(who, channel, id string, err error) {
	c.journal.Add(record.Record{What: record.Failed, Who: who, Channel: channel, ID: id, Text: err.Error()})
}
