package broker

import (
	"fmt"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

func TestTheLiveFeedBringsWhatIsStoredWithTheChainOfEachChannel(t *testing.T) {
	l := openLog(t, open(t, Config{}), "chat/#", Retention{Count: 3})
	var before uint64
	for range 5 {
		before = put(t, l, "chat/0", "before")
	}
	const channels, each = 4, 500
	var got []Live
	all := make(chan struct{})
	stop := l.Follow(func(batch []Live) {
		if len(batch) == 0 || len(batch) > maxLiveBatch {
			t.Errorf("a batch has %d messages", len(batch))
		}
		if got = append(got, batch...); len(got) == channels*each {
			close(all)
		}
	})
	var stored sync.WaitGroup
	stored.Add(channels * each)
	for i := range channels * each {
		m := text(channel.Name(fmt.Sprint("chat/", i%channels)), fmt.Sprint(i))
		m.Source, m.Key = "s", "k"
		l.Append(t.Context(), m, func(_ Ack, err error) {
			defer stored.Done()
			if err != nil {
				t.Error(err)
			}
		})
	}
	stored.Wait()
	<-all
	stop()
	last := map[channel.Name]uint64{"chat/0": before}
	for i, m := range got {
		if string(m.Payload) != fmt.Sprint(i) || m.Source != "s" || m.Key != "k" || m.Offset != before+uint64(i)+1 || m.Time.IsZero() {
			t.Fatalf("live message %d is %+v", i, m.Message)
		}
		if m.Previous != last[m.Channel] {
			t.Fatalf("before offset %d of %s there is said to be %d, it was %d", m.Offset, m.Channel, m.Previous, last[m.Channel])
		}
		last[m.Channel] = m.Offset
	}
}

func TestAfterStopTheLiveFeedIsSilentAndOthersGoOn(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{})
	stopped := false
	stop := l.Follow(func([]Live) {
		if stopped {
			t.Error("it delivers after stop")
		}
	})
	other := make(chan string, 100)
	defer l.Follow(func(batch []Live) {
		for _, m := range batch {
			other <- string(m.Payload)
		}
	})()
	put(t, l, "a", "1")
	stop()
	stopped = true
	put(t, l, "a", "2")
	if a, b := <-other, <-other; a != "1" || b != "2" {
		t.Errorf("the other got %q, %q", a, b)
	}
}

func TestTheLiveFeedOfALogIsItsOwn(t *testing.T) {
	b := open(t, Config{})
	mine, other := openLog(t, b, "a/#", Retention{}), openLog(t, b, "a/+", Retention{})
	got := make(chan *Message, 10)
	defer mine.Follow(func(batch []Live) {
		for _, m := range batch {
			got <- m.Message
		}
	})()
	put(t, other, "a/x", "other")
	put(t, mine, "a/x", "mine")
	if m := <-got; string(m.Payload) != "mine" || m.Offset != 1 {
		t.Errorf("got %+v", m)
	}
}
