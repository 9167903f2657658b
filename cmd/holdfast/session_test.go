package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket"
)

// typist is somebody at a screen: what they type reaches a session, and they see what it shows.
type typist struct {
	t      *testing.T
	keys   *io.PipeWriter
	shown  transcript
	result chan error // gets what the session's run returns
}

// sitDown starts a session on a screen with a peer that does what path says.
func sitDown(t *testing.T, path string) *typist {
	server := newPeer()
	t.Cleanup(server.Close)
	target, err := url.Parse("ws" + strings.TrimPrefix(server.URL, "http") + path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := websocket.Dial(t.Context(), target.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.CloseNow)
	read, write := io.Pipe()
	t.Cleanup(func() { write.Close() }) // lets the goroutine that waits for keys end
	p := &typist{t: t, keys: write, result: make(chan error, 1)}
	s := session{
		conn: conn, target: target, interactive: true, ended: make(chan struct{}),
		face: newScreen(read, &p.shown, style(false), func() (int, int, error) { return 200, 50, nil }),
	}
	go func() { p.result <- s.run(context.Background()) }()
	return p
}

func (p *typist) types(keys string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, keys); err != nil {
		p.t.Fatal(err)
	}
}

func (p *typist) sees(pattern string) {
	p.t.Helper()
	if _, err := p.shown.await(regexp.MustCompile(pattern), nil); err != nil {
		p.t.Fatalf("waiting for %q: %v; the screen has %q", pattern, err, &p.shown)
	}
}

func TestEachCommandOfAScreenDoesWhatItsHelpSays(t *testing.T) {
	p := sitDown(t, "/echo")
	for _, test := range []struct{ typed, seen string }{
		{"hello", "< hello\r\n"},
		{"//ping", "< /ping\r\n"},
		{"/binary 00 ff", "< binary, 2 bytes: 00ff\r\n"},
		{"/ping", `\* pong after \d+(\.\d+)?[µm]?s\r\n`},
		{"/help", `\* /ping +measure the round trip\r\n`},
		{"/nope", `\* unknown command /nope; /help lists them, and //nope sends this line as text\r\n`},
		{"/close 999", `\* close code must be `},
		{"/close 4002 see you", `\* closed here: 4002: "see you"\r\n`},
	} {
		p.types(test.typed + "\r")
		p.sees(test.seen)
	}
	if err := <-p.result; err != nil {
		t.Errorf("the session ends with %v", err)
	}
}

func TestWhatComesAppearsAboveTheLineBeingTyped(t *testing.T) {
	p := sitDown(t, "/echo")
	p.types("first\rsecond, half ty")
	p.sees("< first\r\n> second, half ty")
	p.types("ped\r")
	p.sees("< second, half typed\r\n")
	p.types("\x04") // Ctrl-D
	if err := <-p.result; err != nil {
		t.Errorf("the session ends with %v", err)
	}
	p.sees(`\* closed here: 1000 \(normal closure\)`)
}

func TestTheNetworkCannotActOnTheScreen(t *testing.T) {
	p := sitDown(t, "/hostile")
	p.sees("< ␛]0;owned␇<U\\+202E>\r\n")
	p.types("\x03") // Ctrl-C
	if err := <-p.result; err != nil {
		t.Errorf("the session ends with %v", err)
	}
	if shown := p.shown.String(); strings.Contains(shown, "\x1b]") || strings.Contains(shown, "\u202e") {
		t.Errorf("control characters reached the screen: %q", shown)
	}
}

func TestASessionEndsWithItsServerAlthoughSomebodyTypes(t *testing.T) {
	p := sitDown(t, "/close/4000/enough")
	p.types("hello\rhalf")
	err := <-p.result
	if exitCodeOf(err) != exitEnded || err.Error() != `the server closed the connection: 4000: "enough"` {
		t.Errorf("the session ends with %v, exit code %d", err, exitCodeOf(err))
	}
}

func TestASessionEndsWhenItsOutputCannotBeWritten(t *testing.T) {
	server := newPeer()
	defer server.Close()
	conn, err := websocket.Dial(t.Context(), "ws"+strings.TrimPrefix(server.URL, "http")+"/echo", nil)
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	s := session{conn: conn, ended: make(chan struct{}), face: &pipe{
		in:  strings.NewReader("one\ntwo\n"),
		out: messagePrinter{w: failingWriter{full}},
		err: io.Discard,
	}}
	if err := s.run(t.Context()); !errors.Is(err, full) || exitCodeOf(err) != exitFailed {
		t.Errorf("the session ends with %v, exit code %d", err, exitCodeOf(err))
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
