package broker

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
)

func TestNothingIsStoredWhileTheDiskHasHardlyAnyRoom(t *testing.T) {
	var free atomic.Uint64
	free.Store(minFreeBytes)
	l := openLog(t, open(t, Config{freeSpace: func(string) (uint64, error) { return free.Load(), nil }}), "#", Retention{})
	put(t, l, "a", "1")
	free.Store(minFreeBytes - 1)
	eventually(t, "a message is refused", func() bool {
		_, err := store(l, text("a", "1"))
		if err != nil && !errors.Is(err, ErrFull) {
			t.Errorf("Append says %v", err)
		}
		return err != nil
	})
	if got := payloads(read(t, l, "a", 0, 1)); !slices.Equal(got, []string{"1"}) {
		t.Errorf("a full log reads %q", got)
	}
	free.Store(minFreeBytes)
	eventually(t, "a message is stored again", func() bool {
		_, err := store(l, text("a", "2"))
		return err == nil
	})
}

func TestAFailedWriteConcernsItsStreamOnly(t *testing.T) {
	h := &health{dir: "/data"}
	h.hear("Filestore [holdfast-a] Critical write error: write 1.blk: no space left on device")
	h.hear("Filestore [holdfast-b] Critical write error: write 1.blk: input/output error")
	h.hear("Filestore [holdfast-c] Stream state outdated")
	h.hear("something else")
	for stream, want := range map[string]error{"holdfast-a": ErrFull, "holdfast-b": ErrUnavailable, "holdfast-c": nil} {
		if err := h.refusal(stream); !errors.Is(err, want) {
			t.Errorf("%s is answered %v, want %v", stream, err, want)
		}
	}
}
