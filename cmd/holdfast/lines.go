package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// line is one line of an input without its line ending, or the error that ended the input: io.EOF
// after the last line.
type line struct {
	text []byte
	err  error
}

// readLines reads r line by line on a goroutine of its own, so that a caller can wait for other
// things too, and sends each line, then the error that ended the input. A line is at most maxBytes
// long. When stop is closed the goroutine ends with its next read; a read of a terminal or a pipe
// can't be interrupted, so nobody waits for it: it ends with the process.
func readLines(r io.Reader, maxBytes int, stop <-chan struct{}) <-chan line {
	buffered := bufio.NewReader(r)
	return produce(stop, func() ([]byte, error) { return readLine(buffered, maxBytes) })
}

// produce sends what next returns on the returned channel, as readLines does, until it returns an
// error or stop is closed.
func produce(stop <-chan struct{}, next func() ([]byte, error)) <-chan line {
	lines := make(chan line)
	go func() {
		for {
			text, err := next()
			select {
			case lines <- line{text, err}:
			case <-stop:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return lines
}

// readWhole is like readLines, but all of r is one "line".
func readWhole(r io.Reader, maxBytes int, stop <-chan struct{}) <-chan line {
	done := false
	return produce(stop, func() ([]byte, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		text, err := io.ReadAll(io.LimitReader(r, int64(maxBytes)+1))
		if err == nil && len(text) > maxBytes {
			err = fmt.Errorf("it is longer than %s", byteSize(maxBytes))
		}
		return text, err
	})
}

// readLine returns the next line without its "\n" or "\r\n". The last line may lack one. The
// error is io.EOF when there is no further line.
func readLine(r *bufio.Reader, maxBytes int) ([]byte, error) {
	var text []byte
	for {
		part, err := r.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(text) <= maxBytes+len("\r"):
			continue
		case errors.Is(err, io.EOF) && len(text) > 0, errors.Is(err, bufio.ErrBufferFull):
		case err != nil:
			return nil, err
		default:
			text = bytes.TrimSuffix(text[:len(text)-1], []byte("\r"))
		}
		if len(text) > maxBytes {
			return nil, fmt.Errorf("a line is longer than %s", byteSize(maxBytes))
		}
		return text, nil
	}
}
