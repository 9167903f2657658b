package socket

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/protocol"
)

// traveller is a client that loses its connection and comes back, as docs/protocol.md says.
type traveller struct {
	*client
	t         *rapid.T
	edge      *edge
	subscribe protocol.Subscribe
	session   *protocol.Session
	at        protocol.Positions
	got       []string                 // texts, by channel and offset
	asked     map[uint64]protocol.Verb // by id; not answered on this connection
	unsent    []*protocol.Publish      // not answered on any; in order
}

// comeBack connects and says everything at once, without waiting for an answer.
func (c *traveller) comeBack(encoding protocol.Encoding) {
	c.client = c.edge.dialIn(encoding)
	c.client.t = c.t
	c.asked = map[uint64]protocol.Verb{}
	c.ask(&protocol.Connect{Session: c.session})
	again := c.subscribe
	again.Since = slices.Clone(c.at)
	c.ask(&again)
	for _, p := range c.unsent {
		c.ask(p)
	}
}

func (c *traveller) ask(v protocol.Verb) { c.asked[c.send(v)] = v }

// lose drops the connection. What is on its way is not read.
func (c *traveller) lose() {
	c.ws.CloseNow()
	c.client = nil
}

// take reads one thing that the server has said.
func (c *traveller) take() {
	it := c.next()
	if it.Reply != nil {
		c.takeReply(it.Reply)
		return
	}
	switch push := it.Push.(type) {
	case *protocol.Message:
		epoch := push.Epoch
		if epoch == "" {
			epoch = c.at[0].Epoch
		}
		var ahead bool
		if c.at, ahead = c.at.Advance(protocol.Position{Offset: push.Offset, Epoch: epoch}); !ahead {
			c.t.Fatalf("%s again: at %v", push.Data, c.at)
		}
		c.got = append(c.got, string(push.Data))
	case *protocol.Live:
		c.at = c.at.AdvanceAll(push.Position)
	default:
		c.t.Fatalf("got %s", show(it))
	}
}

func (c *traveller) takeReply(reply *protocol.Reply) {
	verb := c.asked[reply.ID]
	delete(c.asked, reply.ID)
	var err error
	switch v := verb.(type) {
	case *protocol.Connect:
		ok := new(protocol.ConnectOK)
		if err = reply.Result(ok); err == nil && c.session != nil && !ok.Resumed {
			c.t.Fatalf("not resumed: %s", ok.Why)
		}
		c.session = &ok.Session
	case *protocol.Subscribe:
		ok := new(protocol.SubscribeOK)
		if err = reply.Result(ok); ok.Lost {
			c.t.Fatalf("lost: %+v", ok)
		}
		c.at = c.at.Only(ok.Position).AdvanceAll(ok.Position)
	case *protocol.Publish:
		ok := new(protocol.PublishOK)
		if err = reply.Result(ok); err == nil && (len(c.unsent) == 0 || c.unsent[0].ID != v.ID) {
			c.t.Fatalf("%s is answered out of order", v.ID)
		}
		c.unsent = c.unsent[1:]
	default:
		err = reply.Result(&protocol.PingOK{})
	}
	if err != nil {
		c.t.Fatalf("%+v: %v", verb, err)
	}
}

// settle reads until everything that has been asked is answered.
func (c *traveller) settle() {
	for len(c.asked) > 0 {
		c.take()
	}
}

func TestAClientThatComesBackMissesNothingAndGetsNothingTwice(t *testing.T) {
	e := start(t)
	other := e.dial()
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		channels := []string{fmt.Sprintf("kept/%d/a", runs)}
		c := &traveller{t: t, edge: e, subscribe: protocol.Subscribe{Channel: channels[0], Sub: 1}}
		if rapid.Bool().Draw(t, "pattern") {
			channels = append(channels, fmt.Sprintf("kept/%d/b", runs))
			c.subscribe = protocol.Subscribe{Pattern: fmt.Sprintf("kept/%d/#", runs), Sub: 1}
		}
		encodings := rapid.SampledFrom([]protocol.Encoding{protocol.JSON, protocol.MessagePack})
		c.comeBack(encodings.Draw(t, "encoding"))
		c.settle()
		texts := map[string][]string{} // published, by who has; in order
		text := func(by, channel string) string {
			by += channel
			texts[by] = append(texts[by], fmt.Sprintf("%s %d", by, len(texts[by])))
			return texts[by][len(texts[by])-1]
		}
		channel := rapid.SampledFrom(channels)
		t.Repeat(map[string]func(*rapid.T){
			"others publish": func(t *rapid.T) {
				for range rapid.IntRange(1, 20).Draw(t, "messages") {
					name := channel.Draw(t, "channel")
					other.publish(name, text("other:", name))
				}
			},
			"it publishes": func(t *rapid.T) {
				for range rapid.IntRange(1, 5).Draw(t, "messages") {
					name := channel.Draw(t, "channel")
					s := text("it:", name)
					p := &protocol.Publish{Channel: name, Payload: protocol.Text(s), ID: s}
					// All of one channel, so that they are answered in order.
					if len(c.unsent) > 0 && c.unsent[0].Channel != name {
						c.settleConnected(t, encodings)
					}
					c.unsent = append(c.unsent, p)
					if c.client != nil {
						c.ask(p)
					}
				}
			},
			"it reads": func(t *rapid.T) {
				if c.client == nil {
					return
				}
				c.ask(&protocol.Ping{})
				for range rapid.IntRange(0, 10).Draw(t, "things") {
					if len(c.asked) > 0 {
						c.take()
					}
				}
			},
			"it loses its connection": func(t *rapid.T) {
				if c.client == nil {
					return
				}
				c.lose()
			},
			"it comes back": func(t *rapid.T) {
				if c.client != nil {
					return
				}
				c.comeBack(encodings.Draw(t, "encoding"))
			},
		})
		c.settleConnected(t, encodings)
		want := 0
		for _, all := range texts {
			want += len(all)
		}
		for len(c.got) < want {
			c.take()
		}
		for by, all := range texts {
			got := slices.DeleteFunc(slices.Clone(c.got), func(s string) bool { return !strings.HasPrefix(s, by+" ") })
			if !slices.Equal(got, all) {
				t.Errorf("got %q, want %q", got, all)
			}
		}
		c.lose()
	})
}

// settleConnected is settle, on a new connection if there is none.
func (c *traveller) settleConnected(t *rapid.T, encodings *rapid.Generator[protocol.Encoding]) {
	if c.client == nil {
		c.comeBack(encodings.Draw(t, "encoding"))
	}
	c.settle()
}
