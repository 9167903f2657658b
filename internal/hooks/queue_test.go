package hooks

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/holdfast-dev/holdfast/internal/broker"
	"github.com/holdfast-dev/holdfast/internal/channel"
	"github.com/holdfast-dev/holdfast/websocket"
)

func TestWhatIsToldBeforeTheStartIsStoredAndStaysInOrder(t *testing.T) {
	const channels, each = 20, 30
	a := newArchive(channels * each)
	h := with(t, serve(t, a.ServeHTTP, Message))
	for i := range each {
		for c := range channels {
			name := channel.Name(fmt.Sprintf("c/%d", c))
			h.Tell(Event{Kind: Message, Channel: name, Message: &broker.Message{Channel: name, Type: websocket.Text, Payload: []byte(fmt.Sprint(i))}})
		}
	}
	h.Tell(Event{Kind: Join, Channel: "c/1"}) // of which no hook wants to know
	if err := h.Start(t.Context(), Store{Broker: openBroker(t, t.TempDir())}); err != nil {
		t.Fatal(err)
	}
	a.await(t)
	for c := range channels {
		a.wantRow(t, fmt.Sprintf("c/%d", c), each)
	}
}

func TestWhatIsStoredAtTheEndIsToldAfterTheNextStart(t *testing.T) {
	dir := t.TempDir()
	a := newArchive(100)
	hook := serve(t, a.ServeHTTP, Join)
	for round := range 2 {
		b, err := broker.Open(t.Context(), broker.Config{Dir: dir, SyncInterval: syncNever})
		if err != nil {
			t.Fatal(err)
		}
		h := with(t, hook)
		if err := h.Start(t.Context(), Store{Broker: b}); err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			for range 100 {
				h.Tell(Event{Kind: Join, Channel: "a", Client: ada})
			}
		} else {
			a.await(t)
		}
		h.Close(t.Context())
		shut(t, b)
	}
	if a.repeats > 0 {
		t.Errorf("%d were told again, though nothing has crashed", a.repeats)
	}
}

func TestEventsThatCanNotBeStoredAreDroppedWithALineAndCounted(t *testing.T) {
	var log strings.Builder
	registry := prometheus.NewRegistry()
	h := withConfig(t, Config{Hooks: []Hook{serve(t, says(200, ""), Join)}, Registry: registry, Log: logTo(&log)})
	for range maxBufferedEvents + 10 {
		h.Tell(Event{Kind: Join, Channel: "a"})
	}
	if n := metric(t, registry, "holdfast_hook_events_dropped_total", "buffer_full"); n != 10 {
		t.Errorf("%v are counted", n)
	}
	if !strings.Contains(log.String(), "dropped before it was stored") {
		t.Errorf("the log says %s", log.String())
	}
}

func TestWhatTheLogHasDroppedIsTold(t *testing.T) {
	b := openBroker(t, t.TempDir())
	history := openLog(t, b, "#", broker.Retention{Bytes: 64 << 10})
	refusing := true
	a := newArchive(30)
	a.refuse = func(got) int {
		if refusing {
			return http.StatusTeapot
		}
		return 0
	}
	registry := prometheus.NewRegistry()
	started(t, Config{Hooks: []Hook{serve(t, a.ServeHTTP, Message)}, Registry: registry, timing: hasty}, Store{Broker: b, Histories: []*broker.Log{history}})
	for i := range 300 { // of which a few dozen are kept
		publish(t, history, "a", fmt.Sprint(i)+strings.Repeat(" ", 1000))
	}
	a.mu.Lock()
	refusing = false
	a.mu.Unlock()
	a.await(t)
	eventually(t, "nobody is told of the gap", func() bool { return metric(t, registry, "holdfast_hook_gaps_total", "app") > 0 })
}

func TestALogThatWasLostAndBeginsAnewIsToldFromItsBeginning(t *testing.T) {
	dir := t.TempDir()
	a := newArchive(20)
	hook := serve(t, a.ServeHTTP, Message)
	for round := range 2 {
		b, err := broker.Open(t.Context(), broker.Config{Dir: dir, SyncInterval: syncNever})
		if err != nil {
			t.Fatal(err)
		}
		log := openLog(t, b, "a", broker.Retention{})
		h := with(t, hook)
		if err := h.Start(t.Context(), Store{Broker: b, Histories: []*broker.Log{log}}); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			publish(t, log, "a", fmt.Sprint(10*round+i))
		}
		if round == 1 {
			a.await(t)
		}
		eventually(t, "it is not told", func() bool { a.mu.Lock(); defer a.mu.Unlock(); return a.total == 10*(round+1) })
		h.Close(t.Context())
		shut(t, b)
		if err := os.RemoveAll(filepath.Join(dir, "jetstream", "$G", "streams", "holdfast-a")); err != nil {
			t.Fatal(err)
		}
	}
	a.wantRow(t, "a", 20)
}

func TestABackendIsGivenTheTimeThatItAsksFor(t *testing.T) {
	for text, want := range map[string]time.Duration{"": 0, "120": 2 * time.Minute, "-1": 0, "x": 0, "99999999": mostRetryAfter,
		"Sat, 01 Jan 2000 00:01:00 GMT": time.Minute, "Fri, 31 Dec 1999 00:00:00 GMT": 0} {
		if got := retryAfter(text, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)); got != want {
			t.Errorf("Retry-After: %s is %s, want %s", text, got, want)
		}
	}
	for _, test := range []struct {
		failures int
		asked    time.Duration
		chance   float64
		want     time.Duration
	}{{1, 0, 0, time.Second}, {2, 0, 0, 2 * time.Second}, {3, 0, 1, 2666666667}, {9, 0, 0, 256 * time.Second}, {10, 0, 0, 5 * time.Minute},
		{1000, 0, 0, 5 * time.Minute}, {1, time.Hour, 0, time.Hour}, {5, time.Second, 0, 16 * time.Second}} {
		if got := retryDelay(time.Second, test.failures, test.asked, test.chance); got.Round(time.Microsecond) != test.want.Round(time.Microsecond) {
			t.Errorf("after %d failures it waits %s, want %s", test.failures, got, test.want)
		}
	}
}

func TestTellingDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(logTo(&strings.Builder{}), prometheus.NewRegistry())
		began := time.Now()
		for range 2 * maxBufferedEvents {
			q.put(&Event{Kind: Vacated, Channel: "a"})
		}
		if took := time.Since(began); took > 0 {
			t.Errorf("it waited for %s", took)
		}
	})
}

func TestTheBrokerTakesWhateverAHookIsTold(t *testing.T) {
	const large = 4 << 20
	for want, kinds := range map[int64][]Kind{0: {RPC, Publish}, MinRecordBytes: {RPC, Join}, large: {RPC, Message}} {
		if got := with(t, serve(t, says(200, ""), kinds...)).RecordBytes(large); got != want {
			t.Errorf("for %v it is to take %d, want %d", kinds, got, want)
		}
	}
	if got := with(t, serve(t, says(200, ""), Message)).RecordBytes(1 << 30); got != broker.MostMessageBytes {
		t.Errorf("of messages of 1 GiB it is to take %d", got)
	}
	var none *Hooks
	if none.RecordBytes(large) != 0 {
		t.Error("without hooks it is to take something")
	}
}

func TestWhenOffsetsAreNotValidAnyMoreTheHookGoesOnByTime(t *testing.T) {
	b := openBroker(t, t.TempDir())
	log := openLog(t, b, "#", broker.Retention{})
	const each = 2 * maxLaneEvents
	refusing := true
	a := newArchive(each) // of the channel that does not fail
	a.refuse = func(e got) int {
		if e.Subject == "bad" && refusing {
			return http.StatusTeapot
		}
		return 0
	}
	hook := serve(t, a.ServeHTTP, Message)
	store := Store{Broker: b, Histories: []*broker.Log{log}}
	h := started(t, Config{Hooks: []Hook{hook}, timing: hasty}, store)
	for i := range each {
		publish(t, log, "bad", fmt.Sprint(i))
		publish(t, log, "good", fmt.Sprint(i))
	}
	a.await(t)
	h.Close(t.Context())

	// The machine goes down, and the log gets another epoch.
	s := seat{log: openLog(t, b, seatLogName, broker.Retention{Count: 1, Age: seatRetention}), name: seatName("app")}
	r, err := s.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state := r.Feeds["#"]
	if state.Epoch, state.Offset = "another", 1<<40; len(state.Late) != 1 {
		t.Fatalf("the channel that fails is not late: %+v", state)
	}
	r.Feeds["#"] = state
	if err := s.write(t.Context(), r); err != nil {
		t.Fatal(err)
	}

	a.mu.Lock()
	a.wants, a.done, refusing = 2*each+1, make(chan struct{}), false
	a.mu.Unlock()
	started(t, Config{Hooks: []Hook{hook}, timing: hasty}, store)
	publish(t, log, "good", fmt.Sprint(each))
	a.await(t)
	a.wantRow(t, "bad", each)
	a.wantRow(t, "good", each+1)
	if a.repeats > 2 {
		t.Errorf("%d were told again", a.repeats)
	}
}
