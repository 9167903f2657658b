package broker

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/internal/channel"
)

const (
	crashDirEnv    = "HOLDFAST_CRASH_DIR"    // set in the process that is killed
	crashRoundEnv  = "HOLDFAST_CRASH_ROUND"  // likewise
	crashRoundsEnv = "HOLDFAST_CRASH_ROUNDS" // how often to kill; default crashRounds

	crashRounds  = 8
	crashWriters = 4
	crashEach    = 400 // messages of a writer in a round, at most
	crashKept    = 50  // of a channel, in the log that keeps few
)

// crashLogs are the logs written to: one that keeps all, one that evicts all the time.
var crashLogs = map[string]Retention{"all/#": {}, "few/#": {Count: crashKept}}

func crashChannel(log string, writer int) channel.Name {
	return channel.Name(fmt.Sprint(strings.TrimSuffix(log, "#"), writer))
}

// crashPayload is the message i of a writer: what it is, and something of a length that varies.
func crashPayload(round string, writer, i int) string {
	return fmt.Sprintf("%s/%d/%d %s", round, writer, i, strings.Repeat("x", i*i%3000))
}

// writeUntilKilled stores messages and prints, for each that is acknowledged, its log, its offset
// and what it is.
func writeUntilKilled(dir, round string) {
	b, err := Open(context.Background(), Config{Dir: dir})
	if err != nil {
		fmt.Println("fail", err)
		return
	}
	lines := make(chan string, 1<<16)
	for name, retention := range crashLogs {
		l, err := b.Log(context.Background(), name, retention)
		if err != nil {
			fmt.Println("fail", err)
			return
		}
		for w := range crashWriters {
			go func() {
				for i := range crashEach {
					m := text(crashChannel(name, w), crashPayload(round, w, i))
					if i%2 == 0 {
						m.ID = fmt.Sprint(round, "/", i)
					}
					l.Append(context.Background(), m, func(a Ack, err error) {
						if err != nil {
							lines <- fmt.Sprintln("fail", err)
							return
						}
						lines <- fmt.Sprintln("ack", name, a.Offset, w, i)
					})
				}
			}()
		}
	}
	for line := range lines { // until killed
		if _, err := os.Stdout.WriteString(line); err != nil {
			return // nobody listens
		}
	}
}

// crashAck is a message that was acknowledged to a process that was killed later.
type crashAck struct {
	offset    uint64
	round     string
	writer, i int
}

func TestNoAcknowledgedMessageIsLostByAKill(t *testing.T) {
	rounds := crashRounds
	if n := os.Getenv(crashRoundsEnv); n != "" {
		var err error
		if rounds, err = strconv.Atoi(n); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	acked := map[string][]crashAck{} // by log
	for round := range rounds {
		killWhileWriting(t, dir, fmt.Sprint(round), acked)
		b := open(t, Config{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		for name, retention := range crashLogs {
			checkAfterKill(t, openLog(t, b, name, retention), name, retention.Count, acked[name])
		}
		shut(t, b)
		if t.Failed() {
			t.Fatalf("that was after kill %d", round)
		}
	}
	t.Logf("%d kills, %d and %d messages acknowledged before", rounds, len(acked["all/#"]), len(acked["few/#"]))
}

// killWhileWriting runs a process that writes, kills it at some moment, and adds what was
// acknowledged.
func killWhileWriting(t *testing.T, dir, round string, acked map[string][]crashAck) {
	t.Helper()
	ctx, kill := context.WithCancel(t.Context())
	defer kill()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), crashDirEnv+"="+dir, crashRoundEnv+"="+round)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	// After so many acknowledgements; sometimes while it still starts.
	most := rand.IntN(crashWriters*crashEach) * min(rand.IntN(5), 1)
	var timer *time.Timer
	if most == 0 {
		timer = time.AfterFunc(time.Duration(rand.IntN(100))*time.Millisecond, kill)
		defer timer.Stop()
	}
	n := 0
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var name string
		a := crashAck{round: round}
		if _, err := fmt.Sscanf(lines.Text(), "ack %s %d %d %d", &name, &a.offset, &a.writer, &a.i); err != nil {
			if !strings.HasPrefix(lines.Text(), "ack ") { // else the line was cut
				t.Errorf("the writing process says %q", lines.Text())
			}
			continue
		}
		acked[name] = append(acked[name], a)
		if n++; n == most {
			kill()
		}
	}
	var exit *exec.ExitError
	if err := child.Wait(); err == nil || !errors.As(err, &exit) {
		t.Errorf("the writing process ended by itself: %v", err)
	}
}

// checkAfterKill compares a log with what was acknowledged. What was not may be there or not.
func checkAfterKill(t *testing.T, l *Log, name string, count int, acked []crashAck) {
	t.Helper()
	var check sync.WaitGroup
	for w := range crashWriters {
		check.Go(func() {
			c := crashChannel(name, w)
			stored := map[uint64]string{}
			var offsets []uint64
			place := map[string]int{} // the last i of each round
			for page := (&Page{More: true}); page.More; {
				var err error
				page, err = l.Read(t.Context(), c.Pattern(), page.End.Offset, 1000)
				if err != nil || page.Lost {
					t.Errorf("%s: %+v, %v", c, page, err)
					return
				}
				for _, m := range page.Messages {
					var round string
					var writer, i int
					at, _, _ := strings.Cut(string(m.Payload), " ")
					if _, err := fmt.Sscanf(strings.ReplaceAll(at, "/", " "), "%s %d %d", &round, &writer, &i); err != nil ||
						writer != w || string(m.Payload) != crashPayload(round, w, i) {
						t.Errorf("%s holds %.40q at offset %d (%v)", c, m.Payload, m.Offset, err)
					}
					if last, seen := place[round]; seen && i != last+1 {
						t.Errorf("%s: round %s goes from message %d to %d", c, round, last, i)
					}
					place[round] = i
					stored[m.Offset] = at
					offsets = append(offsets, m.Offset)
				}
			}
			for _, a := range acked {
				if a.writer != w || stored[a.offset] == fmt.Sprintf("%s/%d/%d", a.round, a.writer, a.i) {
					continue
				}
				newer, _ := slices.BinarySearch(offsets, a.offset)
				if evicted := count > 0 && len(offsets)-newer >= count; !evicted {
					t.Errorf("%s: message %d of round %s was acknowledged with offset %d; it holds %.40q", c, a.i, a.round, a.offset, stored[a.offset])
				}
			}
		})
	}
	check.Wait()
}
