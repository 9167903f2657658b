//go:build linux

package storm

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/test/storm/record"
)

// kept is a message of a history as JSON tells it.
type kept struct {
	Offset uint64
	Data   string
}

// readPage asks for a page of a history by HTTP.
func readPage(ctx context.Context, from string) ([]kept, protocol.Position, error) {
	body, position, err := get(ctx, from)
	if err != nil {
		return nil, protocol.Position{}, err
	}
	at, err := protocol.ParsePosition(position)
	if err != nil {
		return nil, at, err
	}
	var page []kept
	err = json.Unmarshal(body, &page)
	return page, at, err
}

// readHistories reads the newest of a random channel by one node now and then, by the SDK and by HTTP in turns.
func (c *crowd) readHistories(ctx context.Context, i int, n *node) error {
	who := "reader-" + n.name
	d, err := c.dial(ctx, who, n.url(), &client.Options{KeepTrying: true})
	if err != nil {
		return err
	}
	chance := rand.New(rand.NewPCG(uint64(i), 1))
	c.listens(func(ctx context.Context) {
		for turn := 0; sleep(ctx, about(readEvery)); turn++ {
			channel := chat(chance.IntN(c.channels()))
			p := record.Record{What: record.Page, Who: who, Node: n.name, Channel: channel}
			if turn%2 == 0 {
				err = c.readBySDK(ctx, d.Channel(channel), &p)
			} else {
				err = readByHTTP(ctx, fmt.Sprintf("http://%s/channels/%s?last=100", n.clients.Addr(), channel), &p)
			}
			if err == nil { // otherwise the node is away, or the like
				c.journal.Add(p)
			}
		}
	})
	return nil
}

func (c *crowd) readBySDK(ctx context.Context, ch *client.Channel, p *record.Record) error {
	for m, err := range ch.History(ctx, &client.HistoryOptions{Last: 100}) {
		if err != nil {
			return err
		}
		p.Epoch, p.Offsets = m.Epoch, append(p.Offsets, m.Offset)
	}
	return nil
}

func readByHTTP(ctx context.Context, from string, p *record.Record) error {
	page, at, err := readPage(ctx, from)
	for _, m := range page {
		p.Epoch, p.Offsets = at.Epoch, append(p.Offsets, m.Offset)
	}
	return err
}
