package main

import (
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/holdfast-dev/holdfast/websocket"
)

// screen is the face of a session on a terminal: a prompt with line editing at the bottom, and
// above it what was sent (>), received (<) and happened (*).
type screen struct {
	terminal *term.Terminal
	style    style
}

// openScreen takes the terminal over. restore gives it back; it must be called.
func openScreen(std streams) (s *screen, restore func(), err error) {
	in, isFile := std.in.(*os.File)
	if !isFile {
		return nil, nil, errors.New("stdin is not a file")
	}
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return nil, nil, err
	}
	s = newScreen(in, std.out, std.outStyle(), func() (width, height int, err error) { return term.GetSize(int(in.Fd())) })
	return s, func() {
		io.WriteString(std.out, "\r\x1b[K") // the prompt that nobody will type at
		term.Restore(int(in.Fd()), before)
	}, nil
}

// newScreen returns a screen that reads keys and writes to out. size asks for the terminal's size.
func newScreen(keys io.Reader, out io.Writer, style style, size func() (width, height int, err error)) *screen {
	s := &screen{style: style}
	fit := func() {
		if width, height, err := size(); err == nil && width > 0 {
			s.terminal.SetSize(width, height)
		}
	}
	s.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{&keyboard{keys, fit}, out}, style.faint(">")+" ")
	fit()
	return s
}

// keyboard reads keys and lets the line editor adapt to a window that has changed its size before
// it handles them. The editor does not hold its lock while it reads.
type keyboard struct {
	keys io.Reader
	fit  func()
}

func (k *keyboard) Read(p []byte) (int, error) {
	n, err := k.keys.Read(p)
	k.fit()
	return n, err
}

func (s *screen) lines(stop <-chan struct{}) <-chan line {
	return produce(stop, func() ([]byte, error) {
		text, err := s.terminal.ReadLine()
		return []byte(text), err
	})
}

func (s *screen) received(typ websocket.MessageType, payload []byte) error {
	text := visible(string(payload))
	if typ == websocket.Binary {
		text = s.style.faint(describeBinary(payload))
	}
	_, err := s.terminal.Write([]byte(s.style.cyan("<") + " " + text + "\n"))
	return err
}

func (s *screen) status(text string) {
	var b strings.Builder
	for line := range strings.SplitSeq(text, "\n") {
		b.WriteString(s.style.faint("* "+visible(line)) + "\n")
	}
	s.terminal.Write([]byte(b.String())) // a terminal that can't be written to ends the session in received
}
