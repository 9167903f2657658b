package websocket

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// pinging starts Ping and returns what becomes of it.
func pinging(ctx context.Context, c *Conn) <-chan string {
	result := make(chan string, 1)
	go func() {
		rtt, err := c.Ping(ctx)
		if err != nil {
			result <- err.Error()
			return
		}
		result <- rtt.String()
	}()
	return result
}

// readPing reads a ping and returns its payload.
func readPing(p *peer) string {
	p.t.Helper()
	first, payload, err := p.read()
	if err != nil || first != 0x89 || len(payload) > wire.MaxControlPayload {
		p.t.Fatalf("peer got frame %#x %q, %v, want a ping", first, payload, err)
	}
	return payload
}

func TestPingMeasuresTheRoundTrip(t *testing.T) {
	for _, role := range roles {
		synctest.Test(t, func(t *testing.T) {
			c, p := connected(t, "pipe", role, Limits{})
			go c.Serve(nil)
			for range 3 {
				result := pinging(t.Context(), c)
				payload := readPing(p)
				time.Sleep(123 * time.Millisecond) // fake
				p.send(0x8A, payload)
				if got := <-result; got != "123ms" {
					t.Errorf("round trip %v", got)
				}
			}
			if len(c.pings) != 0 {
				t.Errorf("%d pings are kept", len(c.pings))
			}
		})
	}
}

func TestAPongAnswersThePingsBeforeItToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		go c.Serve(nil)
		var results []<-chan string
		var payloads []string
		for range 3 {
			results = append(results, pinging(t.Context(), c))
			payloads = append(payloads, readPing(p))
			time.Sleep(time.Second) // fake
		}
		p.send(0x8A, payloads[1])
		if a, b := <-results[0], <-results[1]; a != "3s" || b != "2s" {
			t.Errorf("round trips %v and %v", a, b)
		}
		p.send(0x8A, payloads[1]) // again, and out of order: nothing
		p.send(0x8A, payloads[0])
		synctest.Wait()
		select {
		case got := <-results[2]:
			t.Errorf("the unanswered ping got %v", got)
		default:
		}
		p.send(0x8A, payloads[2])
		if got := <-results[2]; got != "1s" {
			t.Errorf("round trip %v", got)
		}
	})
}

func TestPongsThatAnswerNothingAreHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		go c.Serve(nil)
		result := pinging(t.Context(), c)
		payload := readPing(p)
		for _, other := range []string{"", "x", "12345678", strings.Repeat("\xff", 8), strings.Repeat("\x00", 8), payload + "x"} {
			p.send(0x8A, other)
		}
		synctest.Wait()
		select {
		case got := <-result:
			t.Errorf("a pong to another ping was taken for the answer: %v", got)
		default:
		}
		p.send(0x8A, payload)
		if got := <-result; got != "0s" {
			t.Errorf("round trip %v", got)
		}
	})
}

func TestAPingThatIsGivenUpIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{SendQueueBytes: 20})
		go c.Serve(nil)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		unanswered := pinging(ctx, c)
		payload := readPing(p)
		if got := <-unanswered; got != context.DeadlineExceeded.Error() {
			t.Errorf("an unanswered ping: %v", got)
		}
		p.send(0x8A, payload)
		c.Send(NewFrame(Text, []byte("under way")))
		c.Send(NewFrame(Text, []byte("waiting")))
		if got := <-pinging(ctx, c); got != context.DeadlineExceeded.Error() {
			t.Errorf("a ping without room: %v", got)
		}
		if len(c.pings) != 0 {
			t.Errorf("%d pings are kept", len(c.pings))
		}
		p.want(0x81, "under way")
		p.want(0x81, "waiting")
	})
}

func TestAPingEndsWithTheConnection(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		served := make(chan error, 1)
		go func() { served <- c.Serve(nil) }()
		result := make(chan error, 1)
		go func() {
			_, err := c.Ping(context.Background())
			result <- err
		}()
		readPing(p)
		p.Close()
		end := <-served
		if err := <-result; err != end {
			t.Errorf("Ping: %v, Serve: %v", err, end)
		}
	})
}

func TestEveryPingOfAPeerThatReadsIsAnswered(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		go c.Serve(nil)
		for _, n := range []int{0, 1, 125} {
			p.send(0x89, filler(n))
			p.want(0x8A, filler(n))
		}
	})
}

// A peer that sends pings and reads nothing may cost one pong that waits.
func TestAFloodOfPingsWaitsAsOnePong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{SendQueueBytes: 1000, MaxControlRate: 1000})
		got := make(chan string, 1)
		go c.Serve(func(_ MessageType, m []byte) { got <- string(m) })
		for i := range 10_000 {
			p.send(0x89, fmt.Sprint("ping ", i))
		}
		p.send(0x81, "and still it is read")
		<-got
		if r := c.Send(NewFrame(Text, make([]byte, 900))); r != Queued {
			t.Errorf("the pongs have used up the queue: Send %d", r)
		}
		p.want(0x8A, "ping 0")
		p.want(0x8A, "ping 9999")
		p.want(0x81, string(make([]byte, 900)))
	})
}
