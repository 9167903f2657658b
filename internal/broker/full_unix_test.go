//go:build unix

package broker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	fullFileMax  = 1 << 20
	fullMessages = 40
)

// fullPayload is message i, of 100 kB.
func fullPayload(i int) string { return fmt.Sprint(i, strings.Repeat(" x", 50_000)) }

// writeUntilFull stores messages in files that have a limit, prints which were acknowledged, and
// ends without closing anything.
func writeUntilFull(dir string) {
	signal.Ignore(unix.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: fullFileMax, Max: fullFileMax}); err != nil {
		fmt.Println("fail", err)
		return
	}
	b, err := Open(context.Background(), Config{Dir: dir})
	if err != nil {
		fmt.Println("fail", err)
		return
	}
	l, err := b.Log(context.Background(), "#", Retention{})
	if err != nil {
		fmt.Println("fail", err)
		return
	}
	for i := range fullMessages {
		switch _, err := store(l, text("a", fullPayload(i))); {
		case err == nil:
			fmt.Println("stored", i)
		case errors.Is(err, ErrFull):
			fmt.Println("full", err)
		default:
			fmt.Println("fail", err)
		}
	}
}

func TestADiskWithoutRoomGivesErrorsAndLosesNothing(t *testing.T) {
	dir := t.TempDir()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), fullDirEnv+"="+dir)
	out, err := child.Output()
	if err != nil {
		t.Fatal(err)
	}
	said := string(out)
	stored, full := strings.Count(said, "stored "), strings.Count(said, "full ")
	if stored < 3 || full == 0 || stored+full != fullMessages {
		t.Fatalf("%d messages were stored and %d refused as they should be:\n%s", stored, full, said)
	}

	l := openLog(t, open(t, Config{Dir: dir}), "#", Retention{}) // there is room again
	var got []string
	for page := (&Page{More: true}); page.More; {
		page = read(t, l, "a", page.End.Offset, 100)
		got = append(got, payloads(page)...)
	}
	var want []string
	for i := range stored {
		want = append(want, fullPayload(i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d messages are there, %d were acknowledged", len(got), len(want))
	}
	if at := put(t, l, "a", "more"); at != uint64(stored)+1 {
		t.Errorf("the next offset is %d, want %d", at, stored+1)
	}
}
