package engine

import "testing"

func TestThatAMachineWentDownIsRememberedUntilItsNodeHasRecovered(t *testing.T) {
	dir := t.TempDir()
	starts := func(boot string, clean, want bool) {
		t.Helper()
		if down, err := noteBoot(dir, boot, clean); down != want || err != nil {
			t.Errorf("started at %s, closed before: %t: it went down: %t, %v", boot, clean, down, err)
		}
	}
	starts("one", false, false)
	starts("one", false, false) // killed, but the machine went on
	starts("two", true, false)
	starts("three", false, true)
	starts("three", true, true) // it found nobody, and was stopped as it should be
	starts("three", false, true)
	if err := recovered(dir); err != nil {
		t.Fatal(err)
	}
	starts("three", false, false)
	starts("four", false, true)
}
