package admin

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Stored is a message that a channel keeps.
type Stored struct {
	Offset uint64
	Payload
	ID       string // the publisher's
	Key      string
	Time     time.Time // when it was stored
	Meta     []string  // what a device has said of it by MQTT, in user properties: names and values by turns
	Position string    // right behind it: a place to go on from
}

// HistoryOptions says where to begin. The zero value is the oldest message.
type HistoryOptions struct {
	Since string // behind a position, as in "1042:k3f9a2"
	Last  int    // or with the newest ones, at most 1000
}

// positionOf returns the place behind a message.
func positionOf(offset uint64, epoch string) string {
	return strconv.FormatUint(offset, 10) + ":" + epoch
}

// ErrLost tells that messages behind Since are not kept any more, or may not be.
var ErrLost = errors.New("holdfast: messages behind the position are not kept any more, or may not be; what follows begins with the oldest that is")

type historyPage struct {
	Messages []struct {
		Offset uint64    `json:"offset"`
		Data   string    `json:"data"`
		Binary bool      `json:"binary"`
		ID     string    `json:"id"`
		Key    string    `json:"key"`
		Time   time.Time `json:"time"`
		Meta   []string  `json:"meta"`
	} `json:"messages"`
	Position string `json:"position"`
	More     bool   `json:"more"`
	Lost     bool   `json:"lost"`
}

// History yields what a channel keeps, the oldest first, page by page. ErrLost does not end it: what there is follows.
// Any other error does.
func (c *Client) History(ctx context.Context, channel string, o HistoryOptions) iter.Seq2[Stored, error] {
	return func(yield func(Stored, error) bool) {
		query := url.Values{"channel": {channel}}
		if o.Since != "" {
			query.Set("since", o.Since)
		}
		if o.Last > 0 {
			query.Set("last", strconv.Itoa(o.Last))
		}
		for more := true; more; {
			if o.Last == 0 {
				query.Set("limit", pageSize)
			}
			var p historyPage
			if err := c.get(ctx, "/v1/history", query, &p); err != nil {
				yield(Stored{}, err)
				return
			}
			if p.Lost && !yield(Stored{}, ErrLost) || !p.yield(yield) {
				return
			}
			query.Del("last")
			query.Set("since", p.Position)
			more, o.Last = p.More, 0
		}
	}
}

// yield yields the messages of the page. It returns false if nobody wants more.
func (p *historyPage) yield(yield func(Stored, error) bool) bool {
	_, epoch, _ := strings.Cut(p.Position, ":")
	for i := range p.Messages {
		m := &p.Messages[i]
		s := Stored{Offset: m.Offset, Payload: Text(m.Data), ID: m.ID, Key: m.Key, Time: m.Time, Meta: m.Meta, Position: positionOf(m.Offset, epoch)}
		if m.Binary {
			raw, err := base64.StdEncoding.DecodeString(m.Data)
			if err != nil {
				yield(Stored{}, fmt.Errorf("holdfast: the message at %d is not base64: %w", m.Offset, err))
				return false
			}
			s.Payload = Binary(raw)
		}
		if !yield(s, nil) {
			return false
		}
	}
	return true
}

// Purge removes what a channel keeps, for good. It returns the position behind all that has been removed.
func (c *Client) Purge(ctx context.Context, channel string) (position string, err error) {
	var answer struct {
		Position string `json:"position"`
	}
	err = c.remove(ctx, "/v1/history", url.Values{"channel": {channel}}, &answer)
	return answer.Position, err
}
