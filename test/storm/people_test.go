//go:build linux

package storm

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/auth"
	"github.com/holdfast-dev/holdfast/test/storm/record"
	"github.com/holdfast-dev/holdfast/websocket"
)

const (
	mortalsEach   = 3 // of a node
	residentsEach = 3 // likewise, though they go where they can
	probeEvery    = 50 * time.Millisecond

	// goneWithin is when nobody may be told any more of somebody whose node has died.
	goneWithin = 10 * time.Second
	// absentWithin is the same for somebody whose connection broke: presence is kept for a minute, for one who comes back.
	absentWithin = 60*time.Second + goneWithin
)

// token says who somebody is.
func token(user string) (string, error) {
	key, err := auth.NewSecret("", []byte(secret))
	if err != nil {
		return "", err
	}
	now := time.Now()
	return key.Sign(auth.Claims{User: user, Issued: now, Expires: now.Add(12 * time.Hour)})
}

// reside has somebody present all the time, who comes back by the SDK wherever that is possible.
func (c *crowd) reside(ctx context.Context, i int) error {
	who := fmt.Sprint("resident-", i)
	d, err := c.dial(ctx, who, c.url(i), &client.Options{
		Endpoints: c.other(i), KeepTrying: true,
		Token: func(context.Context) (string, error) { return token(who) },
	})
	if err != nil {
		return err
	}
	if err := c.hear(ctx, who, people, d.Channel(people).Subscribe, nil); err != nil {
		return err
	}
	c.journal.Add(record.Record{What: record.Here, Who: who, Channel: people})
	return nil
}

// watch asks a node all the time who is present.
func (c *crowd) watch(ctx context.Context, n *node) error {
	who := "watcher-" + n.name
	d, err := c.dial(ctx, who, n.url(), &client.Options{KeepTrying: true})
	if err != nil {
		return err
	}
	c.listens(func(ctx context.Context) {
		for sleep(ctx, about(rosterEvery)) {
			if c.isAt(who, n) { // otherwise it was asked to move
				c.roster(ctx, who, n, d, false) // what fails is not written down: the node is away, or the like
			}
		}
	})
	return nil
}

// roster writes down who is present as a node tells it.
func (c *crowd) roster(ctx context.Context, who string, n *node, d *client.Client, final bool) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	asked := c.journal.Now()
	users, _, err := d.Channel(people).Presence(ctx)
	if err != nil || !final && !c.isAt(who, n) {
		return err
	}
	r := record.Record{At: asked, What: record.Roster, Who: who, Node: n.name, Channel: people, Final: final}
	for _, u := range users {
		r.Names = append(r.Names, u.User)
	}
	c.journal.Add(r)
	return nil
}

// live has somebody present at a node, who dies with the connection. After a while somebody else takes the place.
func (c *crowd) live(ctx context.Context, n *node, k int) {
	for life := 0; ctx.Err() == nil; life++ {
		who := fmt.Sprintf("mortal-%s-%d-%d", n.name, k, life)
		conn, err := c.beBorn(ctx, n, who)
		if err != nil {
			sleep(ctx, time.Second)
			continue
		}
		born := c.journal.Now()
		asked := false // to go, which is done in order: presence ends at once
		for err == nil && !asked {
			var said []byte
			_, said, err = conn.Read(ctx)
			asked = bytes.Contains(said, []byte(`"move"`))
		}
		if asked {
			err = conn.Close(ctx, websocket.CloseNormal, "")
		} else {
			conn.CloseNow()
		}
		if ctx.Err() != nil {
			return
		}
		within := absentWithin
		if asked && err == nil || n.hasDied(born) {
			within = goneWithin
		}
		c.dies(who, within)
		sleep(ctx, 2*time.Second)
	}
}

// beBorn has somebody come to a node. Who may have come counts as there; who has not is looked for in vain in the end,
// only if the connection has lasted until then.
func (c *crowd) beBorn(ctx context.Context, n *node, who string) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	shown, err := token(who)
	if err != nil {
		return nil, err
	}
	conn, err := websocket.Dial(ctx, n.url(), &websocket.DialOptions{Header: http.Header{"Authorization": {"Bearer " + shown}}})
	if err != nil {
		return nil, err
	}
	c.journal.Add(record.Record{What: record.Here, Who: who, Channel: people})
	err = conn.Write(ctx, websocket.Text, []byte(`[{"connect":{}},{"subscribe":{"channel":"`+people+`"}}]`))
	for answered := []byte(nil); err == nil && !bytes.Contains(answered, []byte(`"live"`)); {
		_, answered, err = conn.Read(ctx)
	}
	if err != nil {
		conn.CloseNow()
		c.dies(who, absentWithin)
		return nil, err
	}
	return conn, nil
}

func (c *crowd) dies(who string, within time.Duration) {
	now := c.journal.Now()
	c.journal.Add(record.Record{At: now, What: record.Leaves, Who: who, Channel: people})
	c.journal.Add(record.Record{At: now.After(within), What: record.Gone, Who: who, Channel: people})
}
