package client

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
)

// lane holds the unacknowledged publications of one channel, in order. Guarded by Client.mu.
//
// That each is stored once has two means. Within the time that the server remembers ids, sending one
// again is enough. Later the history is asked whether it is there, since a position from before it was
// first sent; so there has to be such a position before the first one is sent.
type lane struct {
	c       *Client
	channel string
	queue   []*Publication
	waiting int // of queue, those with no link

	knows    bool   // the server has been asked for position
	position string // the newest that is known; "" if none can be had
	forgets  bool   // the channel has no history
	asks     bool   // the server is being asked, for a position or whether a publication is stored
	pauses   bool   // the server has refused one for a while
	pauseN   int    // in a row
}

// lane returns the lane of a channel. Lock held.
func (c *Client) lane(channel string) *lane {
	l := c.lanes[channel]
	if l == nil {
		l = &lane{c: c, channel: channel}
		c.lanes[channel] = l
	}
	return l
}

func (a *lane) add(p *Publication) {
	a.queue = append(a.queue, p)
	a.waiting++
	a.pump()
}

func (a *lane) remove(p *Publication) {
	i := slices.Index(a.queue, p)
	if i < 0 {
		return
	}
	if p.link == nil {
		a.waiting--
	}
	if i == 0 { // as a rule
		a.queue[0] = nil
		a.queue = a.queue[1:]
	} else {
		a.queue = slices.Delete(a.queue, i, i+1)
	}
}

func (a *lane) acknowledged(p *Publication, ack Ack) {
	a.pauseN = 0
	if ack.Offset != 0 {
		a.position = protocol.Position{Offset: ack.Offset, Epoch: ack.Epoch}.String()
	}
	a.remove(p)
	p.settle(ack, nil)
	a.pump()
	a.c.tidy(a)
}

// maxLanes is how many channels are remembered that have nothing to publish any more.
const maxLanes = 1024

// tidy forgets an idle lane when there are many.
func (c *Client) tidy(a *lane) {
	if len(c.lanes) > maxLanes && len(a.queue) == 0 && !a.asks && !a.pauses {
		delete(c.lanes, a.channel)
	}
}

// pump sends what waits, in order, unless something has to come first.
func (a *lane) pump() {
	l := a.c.current
	if l == nil || a.waiting == 0 || a.asks || a.pauses {
		return
	}
	if !a.knows {
		a.findPosition()
		return
	}
	if a.waitsFor(l) {
		return // they would overtake those
	}
	first := len(a.queue) - a.waiting // as a rule those that wait are the newest
	if slices.ContainsFunc(a.queue[first:], func(p *Publication) bool { return p.link != nil }) {
		first = slices.IndexFunc(a.queue, func(p *Publication) bool { return p.link == nil })
	}
	if a.c.late(a.queue[first]) {
		a.verify(a.queue[first])
		return
	}
	for i := first; i < len(a.queue); i++ {
		p := a.queue[i]
		if p.link != nil {
			continue
		}
		command := l.encoding.AppendCommand(nil, protocol.Command{ID: p.id, Verb: p.verb})
		if tooLarge := a.c.checkSize(l, len(command)); tooLarge != nil {
			if !l.greeted {
				return // until the limit is known; those behind it wait, too
			}
			a.remove(p)
			p.settle(Ack{}, tooLarge)
			i--
			continue
		}
		if p.first.IsZero() {
			p.first, p.before = time.Now(), a.position
		}
		p.link = l
		a.waiting--
		l.sendEncoded(command)
	}
}

// checkSize refuses a command that the server would close the connection for.
func (c *Client) checkSize(l *link, bytes int) *protocol.Error {
	if uint64(bytes) <= l.limits.MessageBytes {
		return nil
	}
	return protocol.Errorf(protocol.CodeTooLarge, "the message takes %d bytes with its envelope, and the server reads %d; send less", bytes, l.limits.MessageBytes)
}

// late tells whether the server may have forgotten the id of a publication that was sent before, when it comes
// again. On a bad network and a busy server that takes many seconds, for which there is half of the time.
func (c *Client) late(p *Publication) bool {
	return !p.first.IsZero() && time.Since(p.first) > c.dedup/2
}

// findPosition asks for a position before the first publication.
func (a *lane) findPosition() {
	a.asks = true
	a.c.begin(&protocol.History{Channel: a.channel, Last: 1, Limit: 1}, true, func(r *protocol.Reply, err error) {
		a.asks = false
		var ok protocol.HistoryOK
		if err == nil {
			err = r.Result(&ok)
		}
		refused, is := errors.AsType[*protocol.Error](err)
		if is && refused.Retry {
			a.pause(refused.After)
			return
		}
		a.forgets = is && refused.Code == protocol.CodeNoHistory
		a.knows = true
		if err == nil {
			a.position = ok.Position.String()
		}
		a.pump()
	})
}

// verify asks the history which of the publications that were sent too long ago are stored. p is the first
// of them.
func (a *lane) verify(p *Publication) {
	if a.forgets { // nothing is stored there, so they can only be given out again
		for _, p := range a.queue {
			if p.link == nil {
				p.first = time.Time{}
			}
		}
		a.pump()
		return
	}
	since, err := protocol.ParsePositions(p.before)
	if err != nil {
		a.uncertain(fmt.Errorf("the history of %s can't be read to see whether it is stored", a.channel))
		return
	}
	a.asks = true
	a.page(since)
}

// page reads on behind a position.
func (a *lane) page(since protocol.Positions) {
	ask := &protocol.History{Channel: a.channel, Since: since, Limit: protocol.MaxPage}
	a.c.begin(ask, true, func(r *protocol.Reply, err error) {
		var ok protocol.HistoryOK
		if err == nil {
			err = r.Result(&ok)
		}
		if refused, is := errors.AsType[*protocol.Error](err); is && refused.Retry {
			a.asks = false
			a.pause(refused.After)
			return
		}
		if err == nil && ok.Lost {
			err = protocol.Errorf(protocol.CodeNoHistory, "%s does not keep the messages any more among which it would be", a.channel)
		}
		if err != nil {
			a.asks = false
			a.uncertain(err)
			return
		}
		a.found(ok.Messages)
		if ok.More && len(a.queue) > 0 {
			a.page(ok.Position)
			return
		}
		a.asks = false
		for _, p := range a.queue {
			if a.c.late(p) && p.link == nil {
				p.first = time.Time{} // it is not there: as if it had never been sent
			}
		}
		a.position = ok.Position.String()
		a.pump()
	})
}

// found acknowledges the publications that are among messages.
func (a *lane) found(messages []protocol.Message) {
	for i := range messages {
		m := &messages[i]
		at := slices.IndexFunc(a.queue, func(p *Publication) bool { return p.verb.ID == m.ID })
		if m.ID == "" || at < 0 || a.queue[at].first.IsZero() {
			continue
		}
		epoch := m.Epoch
		if since, err := protocol.ParsePosition(a.queue[at].before); err == nil && epoch == "" {
			epoch = since.Epoch
		}
		a.acknowledged(a.queue[at], Ack{Offset: m.Offset, Epoch: epoch, Duplicate: true})
	}
}

// uncertain fails those that were sent too long ago.
func (a *lane) uncertain(why error) {
	for _, p := range slices.Clone(a.queue) {
		if a.c.late(p) && p.link == nil {
			a.remove(p)
			p.settle(Ack{}, errors.Join(ErrUncertain, why))
		}
	}
	a.pump()
}

// pause waits before what was refused is sent again, and with it what came later.
func (a *lane) pause(after time.Duration) {
	if a.pauses {
		return
	}
	a.pauses = true
	b := backoff{attempts: a.pauseN}
	a.pauseN++
	a.c.after(after+b.next(protocol.ReconnectBackoff), func() {
		a.pauses = false
		a.pump()
	})
}

// lost takes back what was sent on a connection that has ended.
func (a *lane) lost(l *link) {
	for _, p := range a.queue {
		if p.link == l {
			p.link = nil
			a.waiting++
		}
	}
}

// resend prepares for all to be sent on a new connection beside an old one, save those that would be given out twice: the
// old one answers them, or ends.
func (a *lane) resend() {
	a.waiting = 0
	for _, p := range a.queue {
		if !a.forgets || p.link == nil || p.link.over() {
			p.link = nil
			a.waiting++
		}
	}
}

// waitsFor tells whether publications are to be answered on another connection than l, and are not sent again on l.
func (a *lane) waitsFor(l *link) bool {
	first := slices.IndexFunc(a.queue, func(p *Publication) bool { return p.link != nil }) // as a rule the first of all
	return a.forgets && first >= 0 && a.queue[first].link != l
}
