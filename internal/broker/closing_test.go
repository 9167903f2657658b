package broker

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

func TestWhoAppendsWhileTheBrokerIsClosedIsAnswered(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	b, err := Open(ctx, Config{Dir: t.TempDir(), SyncInterval: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	l, err := b.Log(ctx, "a/#", Retention{Count: 10})
	if err != nil {
		t.Fatal(err)
	}
	var appending, answered sync.WaitGroup
	begun := make(chan struct{})
	var once sync.Once
	for range 4 {
		appending.Go(func() {
			for range 500 {
				answered.Add(1)
				l.Append(ctx, &Message{Channel: "a/b", Type: websocket.Text, Payload: []byte("x")}, func(Ack, error) { answered.Done() })
				once.Do(func() { close(begun) })
			}
		})
	}
	<-begun
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
	appending.Wait()
	answered.Wait()
}
