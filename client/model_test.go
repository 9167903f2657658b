package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/holdfast-dev/holdfast/protocol"
)

// script is what a client does while its connections break: it publishes to two channels and follows both,
// by themselves and by a pattern.
type script struct {
	encoding   protocol.Encoding
	transports []Transport // TransportWebSocket if nil
	messages   int
	before     map[int]bool // break at these messages before they are handled
	after      map[int]bool // or after
	long       map[int]bool // and let nobody in for longer than ids are remembered
	bytes      []int        // break the first connections after so many bytes
	slow       bool         // the application reads little at a time
}

// run plays the script, and returns what is not as it has to be.
func (s *script) run(ctx context.Context) error {
	f := newFake()
	defer func() {
		f.close()
		synctest.Wait()
	}()
	f.cut = func(n int) (before, after bool) {
		if s.long[n] {
			f.away = true
			time.AfterFunc(time.Minute, func() { f.letIn(true) })
		}
		return s.before[n] || s.long[n], s.after[n]
	}
	o := f.options()
	o.Encoding, o.KeepTrying, o.Window = s.encoding, true, 4
	if s.transports != nil {
		o.Transports = s.transports
	}
	o.WebSocket.NetDial = cutting(o.WebSocket.NetDial, s.bytes)
	if s.slow {
		o.Queue = 2
	}
	c, err := Dial(ctx, "ws://fake/socket", o)
	if err != nil {
		return err
	}
	followed := make(chan error, 3)
	for _, name := range []string{"a/1", "a/2", "a/#"} {
		var sub *Subscription
		if name == "a/#" {
			sub, err = c.Pattern(name).Subscribe(ctx, &SubscribeOptions{Since: "0:e1"})
		} else {
			sub, err = c.Channel(name).Subscribe(ctx, &SubscribeOptions{Since: "0:e1"})
		}
		if err != nil {
			return err
		}
		go func() { followed <- s.follow(ctx, sub) }()
	}
	var publications []*Publication
	for i := range s.messages {
		for _, name := range []string{"a/1", "a/2"} {
			p, err := c.Channel(name).PublishAsync(ctx, Text(fmt.Sprint(name, " ", i)), nil)
			if err != nil {
				return err
			}
			publications = append(publications, p)
		}
		time.Sleep(50 * time.Millisecond)
	}
	var wrong []error
	for _, p := range publications {
		if _, err := p.Wait(ctx); err != nil {
			wrong = append(wrong, err)
		}
	}
	for range 3 {
		wrong = append(wrong, <-followed)
	}
	wrong = append(wrong, c.Close(ctx), f.check(s.messages))
	return errors.Join(wrong...)
}

// follow reads until everything has come, in order and once.
func (s *script) follow(ctx context.Context, sub *Subscription) error {
	next := map[string]int{}
	left := s.messages
	if sub.Name() == "a/#" {
		left *= 2
	}
	for m, err := range sub.Messages(ctx) {
		if err != nil {
			return fmt.Errorf("%s: %w (%d messages are missing)", sub.Name(), err, left)
		}
		if want := fmt.Sprint(m.Channel, " ", next[m.Channel]); m.Text() != want {
			return fmt.Errorf("%s: %q came, want %q", sub.Name(), m.Text(), want)
		}
		next[m.Channel]++
		if left--; left == 0 {
			return nil
		}
		if s.slow {
			time.Sleep(400 * time.Millisecond)
		}
	}
	return nil
}

// check tells whether each message is stored once and in order.
func (f *fake) check(messages int) error {
	for _, name := range []string{"a/1", "a/2"} {
		var stored, want []string
		for _, m := range f.log {
			if m.Channel == name {
				stored = append(stored, string(m.Data))
			}
		}
		for i := range messages {
			want = append(want, fmt.Sprint(name, " ", i))
		}
		if !slices.Equal(stored, want) {
			return fmt.Errorf("stored in %s: %q", name, stored)
		}
	}
	return nil
}

// played runs a script in a bubble of fake time.
func played(t *testing.T, s *script) (err error) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		err = s.run(ctx)
	})
	return err
}

func TestWhateverMessageAConnectionBreaksAtEachIsStoredAndDeliveredOnceInOrder(t *testing.T) {
	for _, encoding := range []protocol.Encoding{protocol.JSON, protocol.MessagePack} {
		for n := 1; n <= 60; n++ {
			for _, s := range []script{{before: map[int]bool{n: true}}, {after: map[int]bool{n: true}}, {long: map[int]bool{n: true}}} {
				s.encoding, s.messages, s.slow = encoding, 6, n%2 == 0
				if err := played(t, &s); err != nil {
					t.Fatalf("%+v: %v", s, err)
				}
			}
		}
	}
}

func TestHoweverOftenConnectionsBreakEachIsStoredAndDeliveredOnceInOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		at := rapid.MapOfN(rapid.IntRange(1, 300), rapid.Just(true), 0, 15)
		s := script{
			encoding: protocol.Encoding(rapid.IntRange(0, 1).Draw(r, "encoding")),
			messages: rapid.IntRange(1, 20).Draw(r, "messages"),
			before:   at.Draw(r, "before"),
			after:    at.Draw(r, "after"),
			long:     rapid.MapOfN(rapid.IntRange(1, 300), rapid.Just(true), 0, 2).Draw(r, "long"),
			slow:     rapid.Bool().Draw(r, "slow"),
		}
		if err := played(t, &s); err != nil {
			r.Fatalf("%v", err)
		}
	})
}
