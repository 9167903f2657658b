//go:build linux

package storm

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/test/storm/record"
)

const (
	postTimeout = 4 * time.Second
	postFor     = 15 * time.Second // half of what ids are remembered for
)

// post publishes by POST one after the other, and repeats each at another node until it is acknowledged.
func (c *crowd) post(ctx, speaking context.Context, name, channel string, at int) {
	for n := 0; sleep(speaking, about(c.Interval)); n++ {
		id := fmt.Sprintf("%s-%d", name, n)
		text := textOf(id)
		c.journal.Add(record.Record{What: record.Send, Who: name, Channel: channel, ID: id, Sum: record.Sum(text), Ordered: true})
		trying, over := context.WithTimeout(ctx, postFor)
		for {
			ack, err := c.postOnce(trying, at, channel, text, id)
			if err == nil {
				c.acked(name, channel, id, ack.Offset, ack.Epoch)
				break
			}
			at++
			if !sleep(trying, about(retryAfter)) {
				c.failed(name, channel, id, err)
				break
			}
		}
		over()
	}
}

// postPlain publishes in a channel without history, each message once, since there a repeat may be given out twice. It
// stays with a node until that fails; what it says by another it says under another name, for only what goes by one node
// has an order.
func (c *crowd) postPlain(speaking context.Context, name, channel string, at int) {
	nodes := c.fleet.nodes
	for n := 0; sleep(speaking, about(c.Interval)); n++ {
		who := name + "@" + nodes[at%len(nodes)].name
		id := fmt.Sprintf("%s-%d", who, n)
		text := textOf(id)
		c.journal.Add(record.Record{What: record.Send, Who: who, Channel: channel, ID: id, Sum: record.Sum(text)})
		if _, err := c.postOnce(speaking, at, channel, text, ""); err != nil {
			c.failed(who, channel, id, err)
			at++
			continue
		}
		c.acked(who, channel, id, 0, "")
	}
}

// where a message is stored.
type where struct {
	Offset uint64
	Epoch  string
}

func (c *crowd) postOnce(ctx context.Context, at int, channel, text, id string) (stored where, err error) {
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	n := c.fleet.nodes[at%len(c.fleet.nodes)]
	req, err := http.NewRequestWithContext(ctx, "POST", "http://"+n.clients.Addr()+"/channels/"+channel, strings.NewReader(text))
	if err != nil {
		return stored, err
	}
	req.Header.Set("Content-Type", "text/plain")
	if id != "" {
		req.Header.Set("Idempotency-Key", id)
	}
	resp, err := single.Do(req)
	if err != nil {
		return stored, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return stored, err
	}
	if resp.StatusCode/100 != 2 {
		return stored, fmt.Errorf("%s: %.200s", resp.Status, body)
	}
	err = json.Unmarshal(body, &stored)
	return stored, err
}
