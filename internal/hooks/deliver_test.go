package hooks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

// hasty is for tests that have less time than servers.
var hasty = timing{beat: 50 * time.Millisecond, hold: 300 * time.Millisecond, lease: 600 * time.Millisecond, retry: time.Millisecond, open: 5 * time.Millisecond}

func TestEveryEventIsToldInOrderWhateverTheBackendAnswers(t *testing.T) {
	b := openBroker(t, t.TempDir())
	for seed := range uint64(3) { // of rounds by chance, whose number rapid can't bound
		chance := rand.New(rand.NewPCG(seed, 0))
		log := openLog(t, b, fmt.Sprintf("r%d/#", seed), broker.Retention{})
		channels, each, outages := 1+chance.IntN(8), 1+chance.IntN(80), 6
		a := newArchive(channels * each)
		tries := make(map[string]int)
		a.refuse = func(e got) int {
			answers := []int{0, 0, 0, 0, 0, 400, 422, 500, 429}
			status := answers[chance.IntN(len(answers))]
			if tries[e.ID]++; tries[e.ID] > 3 {
				return 0
			}
			if status == 429 || status == 500 {
				if outages--; outages < 0 { // each may open the breaker, which costs time
					return 0
				}
			}
			return status
		}
		hook := serve(t, a.ServeHTTP, Message)
		hook.InFlight, hook.Batch = 1+chance.IntN(8), []int{1, 7, 100}[chance.IntN(3)]
		h := started(t, Config{Hooks: []Hook{hook}, timing: hasty}, Store{Broker: b, Histories: []*broker.Log{log}})
		for i := range each {
			for c := range channels {
				publish(t, log, channel.Name(fmt.Sprintf("r%d/%d", seed, c)), fmt.Sprint(i))
			}
		}
		a.await(t)
		for c := range channels {
			a.wantRow(t, fmt.Sprintf("r%d/%d", seed, c), each)
		}
		h.Close(t.Context())
	}
}

func TestAChannelThatFailsHoldsUpNoOther(t *testing.T) {
	b := openBroker(t, t.TempDir())
	log := openLog(t, b, "#", broker.Retention{})
	const others, each = 20, 10
	a := newArchive(others * each)
	refusing := true
	a.refuse = func(e got) int {
		if e.Subject == "bad" && refusing {
			return http.StatusBadRequest
		}
		return 0
	}
	for _, batch := range []int{1, 50} {
		t.Run(fmt.Sprintf("with batches of %d", batch), func(t *testing.T) {
			hook := serve(t, a.ServeHTTP, Message)
			hook.Batch, hook.Name = batch, fmt.Sprint(batch)
			started(t, Config{Hooks: []Hook{hook}, timing: hasty}, Store{Broker: b, Histories: []*broker.Log{log}})
			a.mu.Lock()
			a.wants, a.total, a.done, refusing = others*each, 0, make(chan struct{}), true
			clear(a.byChannel)
			a.mu.Unlock()
			for i := range each {
				publish(t, log, "bad", fmt.Sprint(i))
				for c := range others {
					publish(t, log, channel.Name(fmt.Sprintf("good/%d", c)), fmt.Sprint(i))
				}
			}
			a.await(t)
			a.mu.Lock()
			if len(a.byChannel["bad"]) > 0 {
				t.Errorf("of the channel that fails it was told %v", a.byChannel["bad"])
			}
			a.wants, a.done, refusing = a.total+each, make(chan struct{}), false
			a.mu.Unlock()
			a.await(t)
			a.wantRow(t, "bad", each)
			a.wantRow(t, "good/7", each)
		})
	}
}

func TestWhatCanNotBeToldForTooLongIsADeadLetter(t *testing.T) {
	b := openBroker(t, t.TempDir())
	log := openLog(t, b, "chat/#", broker.Retention{})
	a := newArchive(4)
	a.refuse = func(e got) int {
		if e.Data.Data == "2" || e.Data.Data == "3" {
			return http.StatusUnprocessableEntity
		}
		return 0
	}
	letters := make(chan []byte, 10)
	failures := 0
	hook := serve(t, a.ServeHTTP, Message)
	hook.MaxAge, hook.DeadLetter, hook.Channels = 200*time.Millisecond, "ops/dead", []channel.Pattern{"chat/#"}
	registry := prometheus.NewRegistry()
	started(t, Config{Hooks: []Hook{hook}, Registry: registry, timing: hasty}, Store{Broker: b, Histories: []*broker.Log{log},
		Publish: func(_ context.Context, name channel.Name, payload []byte) error {
			if name != "ops/dead" {
				t.Errorf("it is published in %s", name)
			}
			if failures++; failures == 1 {
				return errors.New("the log is full")
			}
			letters <- payload
			return nil
		}})
	for i := range 6 {
		publish(t, log, "chat/a", fmt.Sprint(i))
	}
	a.await(t)
	if got := strings.Join(a.byChannel["chat/a"], " "); got != "0 1 4 5" {
		t.Errorf("it was told %s", got)
	}
	for _, want := range []string{"2", "3"} {
		var letter struct {
			Hook, Reason string
			Event        got
		}
		if err := json.Unmarshal(receive(t, letters), &letter); err != nil || letter.Hook != "app" || !strings.Contains(letter.Reason, "422") || letter.Event.Data.Data != want {
			t.Errorf("the dead letter is %+v, %v; want the one about %s", letter, err, want)
		}
	}
	eventually(t, "they are not counted", func() bool {
		return metric(t, registry, "holdfast_hook_events_total", outcomeDead) == 2 && metric(t, registry, "holdfast_hook_events_total", outcomeOK) == 4
	})
}

// metric returns the value of a metric that has a label of that value, 0 if there is none.
func metric(t testing.TB, registry *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != name {
				continue
			}
			for _, l := range m.GetLabel() {
				if l.GetValue() == label {
					return m.GetCounter().GetValue() + m.GetGauge().GetValue()
				}
			}
		}
	}
	return 0
}

func TestABackendThatIsGoneForGoodIsToldNothingMore(t *testing.T) {
	b := openBroker(t, t.TempDir())
	log := openLog(t, b, "#", broker.Retention{})
	var mu sync.Mutex
	asked, gone := 0, make(chan struct{}, 10)
	hook := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		asked++
		mu.Unlock()
		w.WriteHeader(http.StatusGone)
		gone <- struct{}{}
	}, Message)
	store := Store{Broker: b, Histories: []*broker.Log{log}}
	h := started(t, Config{Hooks: []Hook{hook}, timing: hasty}, store)
	publish(t, log, "a", "0")
	<-gone
	d := h.backends[0].told.current.Load()
	eventually(t, "the delivery has not noticed", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.gone && d.working == 0
	})
	publish(t, log, "b", "0")
	eventually(t, "it has not been read", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.ready) == 2
	})
	mu.Lock()
	if asked != 1 {
		t.Errorf("it was told %d times", asked)
	}
	mu.Unlock()
	h.Close(t.Context())

	a := newArchive(2) // it is there again, and nothing was lost
	hook.URL = serve(t, a.ServeHTTP).URL
	started(t, Config{Hooks: []Hook{hook}, timing: hasty}, store)
	a.await(t)
}

// eventually waits until a condition holds.
func eventually(t testing.TB, otherwise string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal(otherwise)
		}
		pause(context.Background(), 5*time.Millisecond)
	}
}
