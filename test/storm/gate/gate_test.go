package gate

import (
	"bufio"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is the longest that anything may take; it is not a timing that is tested.
const patience = 20 * time.Second

// echo answers each line with itself until the end of the test.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				io.Copy(c, c) // until either side ends
				c.Close()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return l.Addr().String()
}

func start(t *testing.T, whose func(*net.TCPConn) string) *Gate {
	t.Helper()
	g, err := Start("127.0.0.1:0", echo(t), whose)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// line is a connection through a gate.
type line struct {
	t *testing.T
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, g *Gate) *line {
	t.Helper()
	c, err := net.Dial("tcp", g.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &line{t, c, bufio.NewReader(c)}
}

func (l *line) say(text string) {
	l.t.Helper()
	if _, err := io.WriteString(l, text+"\n"); err != nil {
		l.t.Fatal(err)
	}
}

func (l *line) wantHear(text string) {
	l.t.Helper()
	if heard, err := l.lines.ReadString('\n'); heard != text+"\n" || err != nil {
		l.t.Fatalf("heard %q, %v; want %q", heard, err, text)
	}
}

// wantSilence expects nothing for a moment, so that it can only fail to notice, not fail.
func (l *line) wantSilence() {
	l.t.Helper()
	if err := l.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		l.t.Fatal(err)
	}
	if heard, err := l.lines.ReadString('\n'); err == nil {
		l.t.Fatalf("heard %q", heard)
	}
	if err := l.SetReadDeadline(time.Now().Add(patience)); err != nil {
		l.t.Fatal(err)
	}
}

func TestWhatIsSaidWhileAGateIsShutPassesWhenItIsOpen(t *testing.T) {
	g := start(t, nil)
	before := dial(t, g)
	before.say("hello")
	before.wantHear("hello")
	g.Shut()
	before.say("is there anybody")
	during := dial(t, g)
	during.say("I am new")
	before.wantSilence()
	during.wantSilence()
	g.Open()
	before.wantHear("is there anybody")
	during.wantHear("I am new")
}

func TestOnlyTheConnectionsOfSomebodyCanBeShutOut(t *testing.T) {
	names := make(chan string, 2)
	g := start(t, func(*net.TCPConn) string { return <-names })
	names <- "ada"
	ada := dial(t, g)
	ada.say("hello")
	ada.wantHear("hello")
	names <- "bob"
	bob := dial(t, g)
	g.ShutOut("ada")
	ada.say("hello?")
	bob.say("hi")
	bob.wantHear("hi")
	ada.wantSilence()
	g.LetIn("ada")
	ada.wantHear("hello?")
}

func TestAResetEndsTheConnectionsThatItIsFor(t *testing.T) {
	g := start(t, nil)
	l := dial(t, g)
	l.say("hello")
	l.wantHear("hello")
	if n := g.Reset(func(int) bool { return false }); n != 0 {
		t.Errorf("%d were reset", n)
	}
	if n := g.Reset(func(int) bool { return true }); n != 1 {
		t.Errorf("%d were reset", n)
	}
	if _, err := l.lines.ReadString('\n'); err == nil || err == io.EOF {
		t.Errorf("it ended with %v", err)
	}
	g.Shut()
	held := dial(t, g)
	held.say("hello")
	held.wantSilence()
	for g.Reset(func(int) bool { return true }) == 0 {
	}
	if _, err := held.lines.ReadString('\n'); err == nil {
		t.Error("it did not end")
	}
}

func TestADelayHoldsWhatPassesBothWays(t *testing.T) {
	g := start(t, nil)
	l := dial(t, g)
	const delay = 30 * time.Millisecond
	g.Delay(delay)
	began := time.Now()
	l.say("hello")
	l.wantHear("hello")
	if took := time.Since(began); took < 2*delay {
		t.Errorf("it took %v", took)
	}
}

func TestTheEndOfOneDirectionPassesWithoutThatOfTheOther(t *testing.T) {
	g := start(t, nil)
	l := dial(t, g)
	l.say("the last")
	if err := l.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(l.lines)
	if string(all) != "the last\n" || err != nil {
		t.Errorf("%q, %v", all, err)
	}
}
