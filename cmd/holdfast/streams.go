package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// streams are the process's standard input and outputs, and what is known of them.
type streams struct {
	in       io.Reader
	out, err io.Writer

	inTerminal, outTerminal, errTerminal bool

	dumb    bool // the terminal can't move its cursor, or says so
	noColor bool // the user wants none (https://no-color.org)
}

// standardStreams returns the streams that the process was started with.
func standardStreams() streams {
	isTerminal := func(f *os.File) bool { return term.IsTerminal(int(f.Fd())) }
	return streams{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		inTerminal:  isTerminal(os.Stdin),
		outTerminal: isTerminal(os.Stdout),
		errTerminal: isTerminal(os.Stderr),
		dumb:        os.Getenv("TERM") == "dumb",
		noColor:     os.Getenv("NO_COLOR") != "",
	}
}

// teller returns what tells something on stderr, if somebody wants to know or is looking.
func (s streams) teller(verbose bool) func(format string, args ...any) {
	return func(format string, args ...any) {
		if verbose || s.errTerminal {
			fmt.Fprintln(s.err, visible(fmt.Sprintf(format, args...)))
		}
	}
}

// style puts colour around words, or leaves them alone when it is off.
type style bool

func (s streams) outStyle() style { return style(s.outTerminal && !s.dumb && !s.noColor) }

func (s style) bold(text string) string  { return s.wrap("\x1b[1m", text) }
func (s style) faint(text string) string { return s.wrap("\x1b[2m", text) }
func (s style) green(text string) string { return s.wrap("\x1b[32m", text) }
func (s style) cyan(text string) string  { return s.wrap("\x1b[36m", text) }

func (s style) wrap(code, text string) string {
	if !s || text == "" {
		return text
	}
	return code + text + "\x1b[0m"
}
