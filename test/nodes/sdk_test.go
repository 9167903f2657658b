package nodes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/holdfast-dev/holdfast/client"
)

// dial connects a client of the SDK that knows one node; of the others it is told.
func dial(t *testing.T, n *Node) *sdk.Client {
	t.Helper()
	ctx, cancel := patient(t)
	defer cancel()
	c, err := sdk.Dial(ctx, n.URL()+"/socket", &sdk.Options{KeepTrying: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := patient(t)
		defer cancel()
		if err := c.Close(ctx); err != nil && !errors.Is(err, sdk.ErrClosed) {
			t.Error(err)
		}
	})
	return c
}

// awaitCount waits until a count has come about.
func awaitCount(t *testing.T, what string, count func() int, want int) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); count() < want; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %d, want %d", what, count(), want)
		}
	}
}

// The nodes are the same for both, as it takes seconds until they are ready.
func TestClientsOfTheSDK(t *testing.T) {
	c := Start(t, 3, Options{Config: "limits: {drain: 1s, messages: 0, bytes: 0}"})
	t.Run("lose and miss nothing in a rolling restart", func(t *testing.T) { rollingRestart(t, c) })
	t.Run("are elsewhere soon after their node is killed", func(t *testing.T) { kill(t, c) })
}

// kill kills a node with all its clients.
func kill(t *testing.T, c *Cluster) {
	const clients = 60
	var mu sync.Mutex
	var killed time.Time
	var took []time.Duration
	var watching sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	defer watching.Wait()
	defer stop()
	for range clients {
		one := dial(t, c.Nodes[0])
		watching.Go(func() {
			for change := range one.States(ctx) {
				mu.Lock()
				if change.State == sdk.Ready && !killed.IsZero() {
					took = append(took, time.Since(killed))
				}
				mu.Unlock()
			}
		})
	}
	mu.Lock()
	killed = time.Now()
	mu.Unlock()
	c.Nodes[0].Kill(t)
	back := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(took)
	}
	awaitCount(t, "clients are back", back, clients)
	mu.Lock()
	slices.Sort(took)
	t.Logf("%d clients are back after %v (median), %v (all)", clients, took[clients/2], took[len(took)-1])
	mu.Unlock()
}

// rollingRestart asks each process to stop, and starts it again, while clients publish and listen.
func rollingRestart(t *testing.T, c *Cluster) {
	const listeners, publishers = 6, 3
	ctx, stop := context.WithCancel(t.Context())
	var listening, publishing, watching sync.WaitGroup
	var interrupted, published atomic.Int64
	heard := make([]atomic.Int64, listeners)
	faults := make(chan string, 1000)
	for i := range listeners {
		one := dial(t, c.Nodes[i%3])
		watching.Go(func() {
			for change := range one.States(ctx) {
				if change.State == sdk.Waiting {
					interrupted.Add(1)
					t.Logf("listener %d has no connection: %v", i, change.Err)
				}
			}
		})
		s, err := one.Channel("chat/a").Subscribe(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		listening.Go(func() {
			next := map[string]int{}
			for m, err := range s.Messages(ctx) {
				if ctx.Err() != nil {
					return
				}
				who, number, _ := strings.Cut(m.Text(), " ")
				if want := fmt.Sprint(next[who]); err != nil || number != want {
					faults <- fmt.Sprintf("listener %d: %q, %v comes, want %s", i, m.Text(), err, want)
				}
				next[who]++
				heard[i].Add(1)
			}
		})
	}
	var over atomic.Bool
	for i := range publishers {
		one := dial(t, c.Nodes[i])
		publishing.Go(func() {
			for n := 0; !over.Load(); n++ {
				ctx, cancel := patient(t)
				_, err := one.Channel("chat/a").Publish(ctx, sdk.Text(fmt.Sprintf("p%d %d", i, n)), nil)
				cancel()
				if err != nil {
					faults <- fmt.Sprintf("publisher %d: %v", i, err)
					return
				}
				published.Add(1)
			}
		})
	}
	count := func() int { return int(published.Load()) }
	for _, n := range c.Nodes {
		awaitCount(t, "published", count, count()+20)
		n.Stop(t)
		n.Start(t)
		n.AwaitReady(t)
	}
	awaitCount(t, "published", count, count()+20)
	over.Store(true)
	publishing.Wait()
	for i := range heard {
		awaitCount(t, "heard", func() int { return int(heard[i].Load()) }, count())
	}
	stop()
	listening.Wait()
	watching.Wait()
	close(faults)
	for fault := range faults {
		t.Error(fault)
	}
	if n := interrupted.Load(); n > 0 {
		t.Errorf("%d times a listener had no connection", n)
	}
	t.Logf("%d messages to each of %d listeners", count(), listeners)
}
