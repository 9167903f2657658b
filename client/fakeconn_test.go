package client

import (
	"context"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// fakeConn is one connection of a fake.
type fakeConn struct {
	f        *fake
	conn     fakeWire
	encoding protocol.Encoding
	session  string
	wake     chan struct{} // maybe there is something to push
	broken   bool          // guarded by fake.mu; what has arrived already does not count any more
	lag      time.Duration // each message to the client takes so long; guarded by sending

	sending turn // keeps replies and pushes in order; guards subs
	subs    map[uint64]*fakeSub
}

// turn is a mutex that may be held while time passes: in a bubble of fake time that stops for a sync.Mutex.
type turn chan struct{}

func (t turn) Lock()   { t <- struct{}{} }
func (t turn) Unlock() { <-t }

type fakeSub struct {
	number uint64
	name   string
	at     uint64 // offset behind which it goes on
	live   bool
	quiet  bool // an ephemeral one
}

// counts tells whether the connection is to break at this message, and breaks it.
func (k *fakeConn) counts() (before, after bool) {
	k.f.mu.Lock()
	defer k.f.mu.Unlock()
	if k.broken {
		return true, false
	}
	k.f.count++
	before, after = k.f.cut(k.f.count)
	k.broken = before || after
	if k.broken {
		k.conn.CloseNow()
	}
	return before, after
}

func (k *fakeConn) received(payload []byte) {
	commands, broken := k.encoding.DecodeCommands(payload, k.f.limits.Commands)
	if broken != nil {
		k.write(k.encoding.AppendError(nil, 0, broken))
		return
	}
	for _, c := range commands {
		before, after := k.counts()
		if before {
			return
		}
		if c.Err != nil {
			k.write(k.encoding.AppendError(nil, c.ID, c.Err))
			continue
		}
		var refused *protocol.Error
		k.f.with(func() {
			k.f.saw(c.Verb)
			refused = k.f.refuse(c.Verb)
		})
		if refused != nil {
			k.write(k.encoding.AppendError(nil, c.ID, refused))
			continue
		}
		k.run(c, after)
		if after {
			return
		}
	}
}

// write sends one message; what comes of it is seen by the reader.
func (k *fakeConn) write(message []byte) {
	k.sending.Lock()
	defer k.sending.Unlock()
	k.writeLocked(message)
}

func (k *fakeConn) writeLocked(message []byte) {
	if k.lag > 0 {
		time.Sleep(k.lag)
	}
	if before, _ := k.counts(); before {
		return
	}
	typ := websocket.Text
	if k.encoding.Binary() {
		typ = websocket.Binary
	}
	k.conn.Write(context.Background(), typ, message)
}

// run does what a command asks for, and answers it unless the connection breaks just then.
func (k *fakeConn) run(c protocol.Command, silent bool) {
	var ok protocol.Result
	var err *protocol.Error
	switch v := c.Verb.(type) {
	case *protocol.Connect:
		ok = k.connect(v)
	case *protocol.Publish:
		if ephemeral(v.Channel) {
			k.f.giveOut(v)
			ok = &protocol.PublishOK{}
			break
		}
		offset, duplicate := k.f.store(v.Channel, v.Payload, v.ID, v.Key)
		ok = &protocol.PublishOK{Offset: offset, Epoch: k.f.epoch, Duplicate: duplicate}
	case *protocol.Subscribe:
		k.subscribe(c.ID, v, silent)
		return
	case *protocol.Unsubscribe:
		k.sending.Lock()
		delete(k.subs, v.Sub)
		k.sending.Unlock()
		ok = &protocol.UnsubscribeOK{}
	case *protocol.History:
		ok, err = k.f.history(v)
	case *protocol.RPC:
		ok = &protocol.RPCOK{Payload: v.Payload}
	case *protocol.Ping:
		ok = &protocol.PingOK{}
	case *protocol.Refresh:
		ok = &protocol.RefreshOK{}
	default:
		err = protocol.Errorf(protocol.CodeUnknownCommand, "the fake does not know this")
	}
	switch {
	case silent:
	case err != nil:
		k.write(k.encoding.AppendError(nil, c.ID, err))
	default:
		k.write(k.encoding.AppendOK(nil, c.ID, ok))
	}
}

func (k *fakeConn) connect(v *protocol.Connect) *protocol.ConnectOK {
	k.f.mu.Lock()
	defer k.f.mu.Unlock()
	ok := &protocol.ConnectOK{Expires: k.f.expires, Dedup: k.f.dedup, Ping: 25e9, Pong: 20e9, Limits: k.f.limits, Endpoints: k.f.endpoints}
	switch {
	case v.Session != nil && k.f.sessions[v.Session.ID] > 0:
		ok.Session, ok.Resumed = *v.Session, true
	case v.Session != nil:
		ok.Why = protocol.WhyUnknown
		fallthrough
	default:
		ok.Session = protocol.Session{ID: sessionID(len(k.f.sessions) + 1), Secret: "hush"}
	}
	k.session = ok.Session.ID
	k.f.sessions[k.session]++
	return ok
}

func (k *fakeConn) subscribe(id uint64, v *protocol.Subscribe, silent bool) {
	k.sending.Lock()
	defer k.sending.Unlock()
	s := &fakeSub{number: v.Sub, name: v.Channel + v.Pattern}
	s.quiet = ephemeral(s.name)
	ok := &protocol.SubscribeOK{Sub: v.Sub}
	if !s.quiet {
		k.f.mu.Lock()
		offset, known := v.Since.Offset(k.f.epoch)
		kept := k.f.after(s.name, 0, 1<<30)
		switch {
		case known:
			s.at = offset
			if offset+1 < k.f.oldest {
				ok.Lost, ok.Why, s.at = true, protocol.WhyExpired, k.f.oldest-1
			}
		case v.Since != nil:
			ok.Lost, ok.Why, s.at = true, protocol.WhyReset, 0
		case v.Last > 0 && len(kept) > 0:
			s.at = kept[max(0, len(kept)-int(v.Last))].Offset - 1
		default:
			s.at = k.f.head()
		}
		ok.Position = protocol.Positions{{Offset: s.at, Epoch: k.f.epoch}}
		k.f.mu.Unlock()
	}
	if _, used := k.subs[v.Sub]; used {
		k.writeLocked(k.encoding.AppendError(nil, id, protocol.Errorf(protocol.CodeAlreadySubscribed, "%d is in use", v.Sub)))
		return
	}
	k.subs[v.Sub] = s
	if !silent {
		k.writeLocked(k.encoding.AppendOK(nil, id, ok))
	}
	signal(k.wake)
}

// push sends what subscriptions lack until the connection is over.
func (k *fakeConn) push() {
	for {
		select {
		case <-k.wake:
		case <-k.conn.Done():
			return
		}
		for k.pushSome() {
		}
	}
}

func (k *fakeConn) pushSome() (more bool) {
	k.sending.Lock()
	defer k.sending.Unlock()
	for _, s := range k.subs {
		if s.quiet {
			continue
		}
		k.f.mu.Lock()
		page := k.f.after(s.name, s.at, 3)
		head := k.f.head()
		k.f.mu.Unlock()
		for _, m := range page {
			s.at = m.Offset
			k.pushMessage(s, m)
		}
		if len(page) == 0 && !s.live {
			s.live, s.at = true, head
			k.writeLocked(k.encoding.AppendPush(nil, &protocol.Live{Sub: s.number, Position: protocol.Positions{{Offset: head, Epoch: k.f.epoch}}}))
		}
		more = more || len(page) > 0
	}
	return more
}

func (k *fakeConn) pushMessage(s *fakeSub, m protocol.Message) {
	m.Sub = s.number
	if s.name == m.Channel {
		m.Channel, m.Epoch = "", ""
	}
	k.writeLocked(k.encoding.AppendPush(nil, &m))
}

// giveOut pushes a message of a channel without history.
func (f *fake) giveOut(v *protocol.Publish) {
	for _, k := range f.all() {
		k.sending.Lock()
		for _, s := range k.subs {
			if matches(s.name, v.Channel) {
				k.pushMessage(s, protocol.Message{Channel: v.Channel, Payload: v.Payload, ID: v.ID, Key: v.Key})
			}
		}
		k.sending.Unlock()
	}
}

func (f *fake) history(v *protocol.History) (*protocol.HistoryOK, *protocol.Error) {
	if ephemeral(v.Channel) {
		return nil, protocol.Errorf(protocol.CodeNoHistory, "%s keeps none", v.Channel)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	since, _ := v.Since.Offset(f.epoch)
	all := f.after(v.Channel, since, 1<<30)
	ok := &protocol.HistoryOK{Lost: v.Since != nil && since+1 < f.oldest, Position: protocol.Positions{{Offset: f.head(), Epoch: f.epoch}}}
	if ok.Lost {
		ok.Why = protocol.WhyExpired
	}
	if v.Last > 0 {
		all = all[max(0, len(all)-int(v.Last)):]
	}
	if most := min(v.Limit, 5); v.Limit > 0 && len(all) > most && v.Last == 0 {
		all, ok.More = all[:most], true
		ok.Position[0].Offset = all[most-1].Offset
	}
	for _, m := range slices.Clone(all) {
		m.Channel, m.Epoch = "", ""
		ok.Messages = append(ok.Messages, m)
	}
	return ok, nil
}
