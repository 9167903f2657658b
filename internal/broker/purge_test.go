package broker

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

// mark is what purges a channel.
func mark(name channel.Name) *Message { return &Message{Channel: name, Purge: true} }

// purged is what a model has for a message that nobody may get any more.
const purged = "(purged)"

func purge(t *testing.T, l *Log, name channel.Name) uint64 {
	t.Helper()
	ack, err := store(l, mark(name))
	if err != nil {
		t.Fatal(err)
	}
	return ack.Offset
}

func TestAPurgedChannelHasLostWhatItKeptAndOthersHaveNot(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Count: 10})
	put(t, l, "b", "1")
	put(t, l, "a", "2")
	put(t, l, "a", "3")
	put(t, l, "b", "4")
	if at := purge(t, l, "a"); at != 5 {
		t.Fatalf("the mark is at %d", at)
	}
	wantRead(t, l, "a", 0, false)
	wantRead(t, l, "a", 1, true)
	wantRead(t, l, "a", 3, true)
	wantRead(t, l, "a", 5, false)
	wantRead(t, l, "b", 1, false, "4")
	wantRead(t, l, "#", 3, true, "4")
	wantRead(t, l, "#", 5, false)
	put(t, l, "a", "6")
	wantRead(t, l, "a", 0, false, "6")
	wantRead(t, l, "a", 3, true, "6")
	wantRead(t, l, "a", 5, false, "6")
	if page, err := l.Last(t.Context(), "a", 5); err != nil || len(page.Messages) != 1 || page.Lost {
		t.Errorf("the last: %+v, %v", page, err)
	}
	if at, err := l.Position(t.Context(), "a"); err != nil || at.Offset != 6 {
		t.Errorf("the position is %v, %v", at, err)
	}
}

func TestAMarkThatHasGoneIsNotForgotten(t *testing.T) {
	l := openLog(t, open(t, Config{}), "#", Retention{Count: 2})
	put(t, l, "a", "1")
	purge(t, l, "a") // 2
	for _, text := range []string{"3", "4", "5"} {
		put(t, l, "a", text)
	}
	wantRead(t, l, "a", 1, true, "4", "5")
	wantRead(t, l, "a", 4, false, "5")
}

func TestAPurgeOutlivesARestartAndComesLive(t *testing.T) {
	dir := t.TempDir()
	b := open(t, Config{Dir: dir})
	l := openLog(t, b, "#", Retention{})
	got := make(chan Live, 10)
	stop := l.Follow(func(batch []Live) {
		for _, m := range batch {
			got <- m
		}
	})
	defer stop()
	put(t, l, "a", "1")
	purge(t, l, "a")
	put(t, l, "a", "3")
	for _, want := range []struct {
		offset, previous uint64
		purge            bool
	}{{1, 0, false}, {2, 1, true}, {3, 2, false}} {
		if m := <-got; m.Offset != want.offset || m.Purge != want.purge || m.Previous > want.previous {
			t.Errorf("live came %d (purge %v) behind %d, want %+v", m.Offset, m.Purge, m.Previous, want)
		}
	}
	stop()
	shut(t, b)
	l = openLog(t, open(t, Config{Dir: dir}), "#", Retention{})
	wantRead(t, l, "a", 0, false, "3")
	wantRead(t, l, "a", 1, true, "3")
}

func TestALogFromBeforeChannelsCouldBePurgedKeepsWhatItHasAndSaysSo(t *testing.T) {
	b := open(t, Config{})
	l := openLog(t, b, "#", Retention{})
	put(t, l, "a", "1")
	info, err := l.info(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	info.Config["deny_purge"], info.Config["allow_rollup_hdrs"] = json.RawMessage("true"), json.RawMessage("false")
	body, err := json.Marshal(info.Config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.api(t.Context(), "STREAM.UPDATE", body); err != nil {
		t.Fatal(err)
	}
	openLog(t, b, "#", Retention{Count: 5}) // as by the next version
	if _, err := store(l, mark("a")); !errors.Is(err, ErrNoPurge) {
		t.Errorf("the purge: %v", err)
	}
	put(t, l, "a", "2")
	wantRead(t, l, "a", 0, false, "1", "2")
}
