package broker

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/holdfast-dev/holdfast/internal/engine"
)

func TestNothingIsStoredWhileTheDiskHasHardlyAnyRoom(t *testing.T) {
	var free atomic.Uint64
	free.Store(engine.MinFreeBytes)
	l := openLog(t, open(t, Config{freeSpace: func(string) (uint64, error) { return free.Load(), nil }}), "#", Retention{})
	put(t, l, "a", "1")
	free.Store(engine.MinFreeBytes - 1)
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
	free.Store(engine.MinFreeBytes)
	eventually(t, "a message is stored again", func() bool {
		_, err := store(l, text("a", "2"))
		return err == nil
	})
}
