package main

import (
	"fmt"
	"io"
	"sync"

	"github.com/holdfast-dev/holdfast/websocket"
)

// pipe is the face of a session whose input or output is not a terminal: messages are lines,
// and everything else goes to stderr.
type pipe struct {
	in  io.Reader
	out messagePrinter

	mu  sync.Mutex // guards err
	err io.Writer
}

func (p *pipe) lines(stop <-chan struct{}) <-chan line { return readLines(p.in, maxSize, stop) }

func (p *pipe) received(typ websocket.MessageType, payload []byte) error {
	return p.out.print(typ, payload)
}

func (p *pipe) status(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.err, visible(text))
}
