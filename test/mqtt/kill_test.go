package mqtt

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestNothingThatWasAcknowledgedIsLostWhenTheServerIsKilled(t *testing.T) {
	v := startVictim(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	newDevice := func(id string) *device {
		d := &device{t: t, addr: v.mqtt, id: id, ctx: ctx, half: make(map[uint16]bool), got: make(map[string]int)}
		if !d.connect() {
			t.Fatal("it can't connect")
		}
		return d
	}
	listeners := []*device{newDevice("listener of QoS 1"), newDevice("listener of QoS 2")}
	var listening, publishing sync.WaitGroup
	for i, d := range listeners {
		d.subscribe("kept/#", byte(i+1))
		listening.Go(d.listen)
	}
	const publishers = 4
	var acknowledged [publishers]atomic.Int64
	publishingOver := make(chan struct{})
	for i := range publishers {
		d := newDevice(fmt.Sprintf("publisher %d", i))
		publishing.Go(func() {
			for n := int64(0); ; n++ {
				select {
				case <-publishingOver:
					return
				default:
				}
				if !d.publish(fmt.Sprintf("kept/%d", i), fmt.Sprintf("%d of %d", n, i), byte(1+i%2), uint16(1+n%100)) {
					return
				}
				acknowledged[i].Store(n + 1)
			}
		})
	}
	for range 4 {
		before := acknowledged[0].Load()
		await(t, "messages are acknowledged", func() bool { return acknowledged[0].Load() > before+50 })
		v.kill()
		v.start()
	}
	close(publishingOver)
	publishing.Wait()
	for i := range publishers {
		for n := range acknowledged[i].Load() {
			payload := fmt.Sprintf("%d of %d", n, i)
			for _, d := range listeners {
				await(t, payload+" comes to the "+d.id, func() bool { return d.times(payload) > 0 })
			}
			if times := listeners[1].times(payload); i%2 == 1 && times != 1 {
				t.Errorf("%q, with QoS 2, came %d times", payload, times)
			}
		}
		t.Logf("publisher %d: %d messages", i, acknowledged[i].Load())
	}
	cancel()
	v.kill() // which ends listen
	listening.Wait()
	for _, d := range listeners {
		d.nc.Close() // broken before
	}
}

// await waits for a condition.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		select {
		case <-time.After(time.Millisecond):
		case <-t.Context().Done():
		}
	}
}
