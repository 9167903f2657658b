package broker

import (
	"os"
	"testing"
)

func TestALogHasANewEpochAfterTheMachineWentDownAndOnlyThen(t *testing.T) {
	dir := t.TempDir()
	b := open(t, Config{Dir: dir, bootID: "monday"})
	l := openLog(t, b, "#", Retention{})
	put(t, l, "a", "1")

	copied := func() string { // the directory as a kill would leave it
		to := t.TempDir()
		if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		return to
	}
	killed, down := copied(), copied()
	if again := openLog(t, open(t, Config{Dir: killed, bootID: "monday"}), "#", Retention{}); again.Epoch() != l.Epoch() {
		t.Error("a kill changed the epoch")
	}
	tuesday := open(t, Config{Dir: down, bootID: "tuesday"})
	anew := openLog(t, tuesday, "#", Retention{})
	if anew.Epoch() == l.Epoch() {
		t.Error("the machine went down and the epoch is the same")
	}
	wantRead(t, anew, "a", 0, false, "1")
	epoch := anew.Epoch()
	if openLog(t, tuesday, "#", Retention{Count: 3}); anew.Epoch() != epoch {
		t.Error("opening the log twice changed the epoch twice")
	}

	shut(t, b)
	if again := openLog(t, open(t, Config{Dir: dir, bootID: "tuesday"}), "#", Retention{}); again.Epoch() != l.Epoch() {
		t.Error("the machine was started anew after the log had been closed, and the epoch changed")
	}
}
