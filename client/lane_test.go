package client

import (
	"testing"
	"testing/synctest"
	"time"
)

// On a machine that was far too busy a message that was sent again after 24 of 30 s arrived when its id was forgotten.
func TestAPublicationIsSentAgainUncheckedForHalfOfTheTimeThatItsIDIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &Client{dedup: 30 * time.Second}
		unsent, sent := &Publication{}, &Publication{first: time.Now()}
		time.Sleep(14 * time.Second)
		if c.late(unsent) || c.late(sent) {
			t.Error("late after 14 s")
		}
		time.Sleep(2 * time.Second)
		if c.late(unsent) || !c.late(sent) {
			t.Error("not late after 16 s, or late though it was never sent")
		}
	})
}
