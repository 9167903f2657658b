package loadbalancers

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/websocket"
)

func (s *service) failsOver(t *testing.T) {
	const listeners, messages = 12, 200
	var following sync.WaitGroup
	for i := range listeners {
		sub, err := s.connect(t).Channel("chat/a").Subscribe(patient(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		following.Go(func() {
			defer sub.Close()
			if err := wantInOrder(patient(t), sub, messages); err != nil {
				t.Errorf("listener %d: %v", i, err)
			}
		})
	}
	publisher := s.connect(t).Channel("chat/a")
	for i := range messages {
		if i == messages/2 {
			s.all[0].kill()
		}
		if i > messages/2 && i%4 == 0 { // meanwhile, others who come see nothing of it
			c, err := s.dial(t, "/channels/chat/b", websocket.DialOptions{})
			if err != nil {
				t.Fatalf("after the death of a node: %v", err)
			}
			c.CloseNow()
		}
		if _, err := publisher.Publish(patient(t), client.Text(fmt.Sprint(i)), nil); err != nil {
			t.Fatal(err)
		}
	}
	following.Wait()
	s.all[0].start(s.all[0].t)
	s.all[0].awaitReady()
}

// drains has a node stop. Who is there is asked to move by the node, and who comes is brought to others: by the balancer, which asks
// the nodes more often here, as this drain is shorter than usual, or has them refuse.
func (s *service) drains(t *testing.T) {
	front := s.balancer
	if s.every != "" {
		front = s.front(t, s.nodes, change{s.every, strings.Replace(s.every, "1s", "100ms", 1)})
	}
	hasty := &service{s.setup, s.nodes, front}
	const listeners = 8
	stopping := s.all[1]
	var following sync.WaitGroup
	var drops []func() int
	ctx, enough := context.WithCancel(patient(t))
	defer enough()
	for range listeners {
		c := hasty.connect(t, client.TransportWebSocket)
		drops = append(drops, countDrops(t, c))
		sub, err := c.Channel("chat/drain").Subscribe(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		following.Go(func() {
			defer sub.Close()
			if err := wantInOrder(ctx, sub, -1); err != nil {
				t.Error(err)
			}
		})
	}
	publisher := hasty.connect(t).Channel("chat/drain")
	stopping.signal(syscall.SIGTERM)
	for i, running := 0, true; running; i++ {
		if _, err := publisher.Publish(ctx, client.Text(fmt.Sprint(i)), nil); err != nil {
			t.Fatal(err)
		}
		c, err := hasty.dial(t, "/channels/chat/b", websocket.DialOptions{})
		if err != nil {
			t.Fatalf("while a node drains: %v", err)
		}
		c.CloseNow()
		select {
		case <-stopping.ended:
			running = false
		case <-ctx.Done():
			t.Fatal("the node does not stop")
		default:
		}
	}
	enough()
	following.Wait()
	for _, count := range drops {
		if n := count(); n > 0 {
			t.Errorf("a client was without a connection %d times", n)
		}
	}
}

// endsHanging has the nodes hang that are left. Another balancer with the same file waits less long for their answer.
func (s *service) endsHanging(t *testing.T) {
	hasty := &service{s.setup, s.nodes, s.front(t, s.nodes, change{"timeout check 2s", "timeout check 1s"})}
	ended := make(chan error, 3)
	for range cap(ended) {
		c := hasty.open(t, "/channels/chat/quiet", websocket.DialOptions{})
		go func() {
			_, _, err := c.Read(context.WithoutCancel(t.Context()))
			ended <- err
		}()
	}
	for _, m := range []*member{s.all[0], s.all[2]} {
		m.signal(syscall.SIGSTOP)
		defer m.signal(syscall.SIGCONT)
	}
	for range cap(ended) {
		select {
		case err := <-ended:
			if err == nil {
				t.Error("a node that hangs says something")
			}
		case <-patient(t).Done():
			t.Fatal("the connections to a node that hangs stay")
		}
	}
}

// wantInOrder reads the messages 0, 1, 2, … of a subscription: so many, or, if that is negative, those that come until the end of ctx.
func wantInOrder(ctx context.Context, s *client.Subscription, messages int) error {
	next := 0
	for m, err := range s.Messages(ctx) {
		if messages < 0 && ctx.Err() != nil {
			return nil
		}
		if err != nil || m.Text() != fmt.Sprint(next) {
			return fmt.Errorf("got %q, %v; want %d", m.Text(), err, next)
		}
		if next++; next == messages {
			return nil
		}
	}
	if messages < 0 {
		return nil
	}
	return fmt.Errorf("it ended before %d", next)
}
