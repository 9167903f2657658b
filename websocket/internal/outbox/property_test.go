package outbox

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// A frame of these tests is "<name:filler>"; no name or filler has a bracket or colon, so a stream of whole frames can be told
// from anything else.
func namedFrame(name string, size int) string {
	return "<" + name + ":" + strings.Repeat("x", size) + ">"
}

// names splits a stream into the names of its frames.
func names(t interface{ Fatalf(string, ...any) }, stream string) []string {
	var found []string
	for rest := stream; rest != ""; {
		frame, after, ok := strings.Cut(rest, ">")
		if !ok || !strings.HasPrefix(frame, "<") || strings.Count(frame, "<") != 1 {
			t.Fatalf("not whole frames from %.60q on", rest)
		}
		name, _, _ := strings.Cut(frame[1:], ":")
		found = append(found, name)
		rest = after
	}
	return found
}

// bubbled hides Deadline, which a test inside synctest may not ask for, from rapid.
type bubbled struct{ *testing.T }

func TestAnyInterleavingLeavesWholeFramesInOrderAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubbled{t}, func(t *rapid.T) {
			const limit = 500
			s := &fakeSink{gate: make(chan error)}
			var o Outbox
			o.Init(s, limit, func(err error) { t.Errorf("onError(%v)", err) })
			var (
				accepted []string // data frames, in the order in which they were accepted
				pongs    []string
				pushing  chan struct{} // closed when the push under way has returned
				number   int
				finished bool
				discard  bool
				largest  int
			)
			name := func(kind string) (string, string) {
				number++
				size := rapid.SampledFrom([]int{0, 3, 40, 400, 600, pooledBytes/2 + 1}).Draw(t, "size")
				n := kind + strconv.Itoa(number)
				f := namedFrame(n, size)
				largest = max(largest, len(f))
				return n, f
			}
			actions := map[string]func(*rapid.T){
				"send": func(*rapid.T) {
					n, f := name("s")
					switch r := o.Send([]byte(f)); {
					case r == Closed != finished:
						t.Fatalf("Send: %d, finished %v", r, finished)
					case r == Sent || r == Queued:
						accepted = append(accepted, n)
					}
				},
				"push": func(*rapid.T) {
					if pushing != nil {
						t.Skip("one at a time, so that the order is known")
					}
					n, f := name("u")
					done := make(chan struct{})
					pushing = done
					go func() {
						defer close(done)
						if o.Push(context.Background(), buffer(f)) == nil {
							accepted = append(accepted, n)
						}
					}()
				},
				"pong": func(*rapid.T) {
					n := "p" + strconv.Itoa(number)
					number++
					o.Pong(buffer(namedFrame(n, 5)))
					if !finished {
						pongs = append(pongs, n)
					}
				},
				"hold":    func(*rapid.T) { o.Hold() },
				"release": func(*rapid.T) { o.Release() },
				"room": func(t *rapid.T) {
					s.mu.Lock()
					defer s.mu.Unlock()
					s.room += rapid.IntRange(1, 700).Draw(t, "room")
				},
				"unblock": func(t *rapid.T) {
					select {
					case s.gate <- nil:
					default:
						t.Skip("nothing blocks")
					}
				},
				"finish": func(t *rapid.T) {
					if finished || rapid.IntRange(0, 9).Draw(t, "rarely") > 0 {
						t.Skip("not yet, or already")
					}
					finished, discard = true, rapid.Bool().Draw(t, "discard")
					o.Finish(buffer(namedFrame("last", 7)), discard)
				},
				"": func(t *rapid.T) {
					synctest.Wait()
					if pushing != nil {
						select {
						case <-pushing:
							pushing = nil
						default:
						}
					}
					o.mu.Lock()
					defer o.mu.Unlock()
					waiting := 0
					for _, it := range o.queue[o.head:] {
						waiting += len(it.b)
					}
					if most := max(limit, largest) + len(namedFrame("last", 7)); waiting > most {
						t.Fatalf("%d bytes wait, more than %d", waiting, most)
					}
				},
			}
			t.Repeat(actions)
			if !finished {
				o.Finish(buffer(namedFrame("last", 7)), false)
			}
			o.Release()
			close(s.gate) // from now on writes succeed at once
			if err := o.Flush(); err != nil {
				t.Fatalf("Flush: %v", err)
			}
			o.Wait()
			if pushing != nil {
				<-pushing
			}
			o.wantIdle(t)
			checkStream(t, s.stream(), accepted, pongs, discard)
		})
	})
}

// checkStream checks that the stream is the accepted frames and then the last one, of which a discard may have cut a tail, with
// pongs between.
func checkStream(t *rapid.T, stream string, accepted, pongs []string, discard bool) {
	var data, seen []string
	for _, n := range names(t, stream) {
		if n[0] == 'p' {
			seen = append(seen, n)
		} else {
			data = append(data, n)
		}
	}
	if len(data) == 0 || data[len(data)-1] != "last" {
		t.Fatalf("the last frame is not last: %v", data)
	}
	data = data[:len(data)-1]
	if len(data) > len(accepted) || !slices.Equal(data, accepted[:len(data)]) || !discard && len(data) != len(accepted) {
		t.Fatalf("left: %v\naccepted: %v\ndiscard: %v", data, accepted, discard)
	}
	at := 0
	for _, n := range seen {
		i := slices.Index(pongs[at:], n)
		if i < 0 {
			t.Fatalf("pongs %v are not some of %v in order", seen, pongs)
		}
		at += i + 1
	}
	if !discard && at != len(pongs) {
		t.Fatalf("the newest pong of %v is missing from %v", pongs, seen)
	}
}

// choppySink takes random parts and stays blocked for random turns.
type choppySink struct {
	mu  sync.Mutex
	out []byte
}

func (s *choppySink) TryWrite(p []byte) (int, bool, error) {
	n := len(p)
	if rand.IntN(4) == 0 {
		n = rand.IntN(len(p))
	}
	s.Write(p[:n])
	return n, n < len(p), nil
}

func (s *choppySink) Write(p []byte) error {
	if !s.mu.TryLock() {
		panic("two goroutines use the sink at once")
	}
	defer s.mu.Unlock()
	s.out = append(s.out, p...)
	return nil
}

func TestConcurrentSendersKeepTheirFramesWholeAndInOrder(t *testing.T) {
	const senders, frames = 8, 300
	s := &choppySink{}
	var o Outbox
	o.Init(s, 2000, func(err error) { t.Errorf("onError(%v)", err) })
	var wg sync.WaitGroup
	sent := make([][]string, senders)
	for id := range senders {
		wg.Go(func() {
			for i := range frames {
				n := fmt.Sprintf("%d.%d", id, i)
				f := namedFrame(n, rand.IntN(300))
				switch i % 3 {
				case 0:
					if o.Push(context.Background(), buffer(f)) != nil {
						t.Error("Push failed")
					}
					sent[id] = append(sent[id], n)
				case 1:
					if r := o.Send([]byte(f)); r == Sent || r == Queued {
						sent[id] = append(sent[id], n)
					}
				case 2:
					o.Pong(buffer(namedFrame("p", 9)))
				}
			}
		})
	}
	wg.Wait()
	o.Finish(buffer(namedFrame("last", 0)), false)
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	o.Wait()
	o.wantIdle(t)
	got := make([][]string, senders)
	for _, n := range names(t, string(s.out)) {
		if id, _, ok := strings.Cut(n, "."); ok {
			i, _ := strconv.Atoi(id)
			got[i] = append(got[i], n)
		}
	}
	for id := range senders {
		if !slices.Equal(got[id], sent[id]) {
			t.Errorf("sender %d: %d frames arrived of %d accepted, or in another order", id, len(got[id]), len(sent[id]))
		}
	}
}
