package main

import (
	"errors"
	"fmt"
)

// exitCode is what the process ends with. The numbers are part of the command's interface: scripts
// rely on them, and docs/command.md and `holdfast help exit-codes` list them.
type exitCode int

const (
	exitDone    exitCode = 0 // what was asked is done, a requested stop included
	exitFailed  exitCode = 1 // it failed, for a reason that has no number of its own
	exitUsage   exitCode = 2 // the command line can't be understood
	exitListen  exitCode = 3 // an address can't be listened on
	exitFiles   exitCode = 4 // a directory or a file can't be used
	exitConnect exitCode = 5 // no connection: unreachable, not trusted, or refused
	exitEnded   exitCode = 6 // the connection ended abnormally
)

const exitCodesHelp = `Exit codes of holdfast:

  0  done; a stop that was asked for (Ctrl-C, SIGTERM) is done too
  1  failed, for a reason that is none of these
  2  wrong usage: unknown verb or flag, or a value that can't be understood
  3  cannot listen: the port is in use, or may not be used
  4  a directory or a file cannot be used
  5  could not connect: unreachable, TLS not trusted, or the handshake was refused
  6  the connection ended abnormally: without a close frame, or with a close
     code other than 1000 (normal closure) and 1001 (going away)

"go run" ends with 1 whatever the code was, and prints it as "exit status N".
`

// failure is an error that has an exit code of its own.
type failure struct {
	code exitCode
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// fail returns a failure with one sentence, made as by [fmt.Errorf].
func fail(code exitCode, format string, args ...any) error {
	return &failure{code: code, err: fmt.Errorf(format, args...)}
}

// exitCodeOf returns the exit code that err asks for: exitFailed unless it says otherwise.
func exitCodeOf(err error) exitCode {
	if err == nil {
		return exitDone
	}
	if f, ok := errors.AsType[*failure](err); ok {
		return f.code
	}
	return exitFailed
}
