package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/client"
	"github.com/holdfast-dev/holdfast/internal/channel"
)

const (
	interruptedWait = 5 * time.Second        // for acknowledgements after Ctrl-C
	progressEvery   = 200 * time.Millisecond // on a terminal
)

// store publishes message, or stdin if it is "-", on a channel, and returns nil once all of it is
// acknowledged.
func store(ctx context.Context, socket *url.URL, name channel.Name, o *pubOptions, message string, std streams) error {
	c, err := o.client(ctx, socket)
	if err != nil {
		return err
	}
	told := make(chan struct{})
	go func() {
		defer close(told)
		tellChanges(context.Background(), c, std)
	}()
	p := storer{channel: c.Channel(string(name)), binary: o.binary, sent: make(chan *client.Publication, client.DefaultWindow)}
	p.ctx, p.stop = context.WithCancelCause(ctx)
	settled := make(chan struct{})
	go func() {
		defer close(settled)
		p.settle()
	}()
	progress := p.showProgress(message == "-" && std.errTerminal && !std.dumb, std.err)
	switch {
	case message != "-":
		err = p.publish([]byte(message))
	case o.binary:
		err = p.publishEach(readWhole(std.in, maxSize, p.ctx.Done()))
	default:
		err = p.publishEach(readLines(std.in, maxSize, p.ctx.Done()))
	}
	close(p.sent)
	closing, cancel := context.WithCancel(context.Background())
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(interruptedWait, cancel) })()
	unstored := c.Close(closing)
	<-settled
	<-told
	p.stop(nil)
	progress()
	if o.verbose {
		fmt.Fprintf(std.err, "published %s\n", count(int(p.stored.Load()), "message"))
	}
	switch {
	case p.failed != nil:
		return p.failed
	case ctx.Err() != nil:
		return fail(exitFailed, "interrupted after %s", count(int(p.stored.Load()), "message"))
	case err != nil:
		return err
	}
	return unstored
}

// storer publishes in order, many at once, and counts what is acknowledged.
type storer struct {
	channel *client.Channel
	binary  bool
	ctx     context.Context
	stop    context.CancelCauseFunc
	sent    chan *client.Publication // in order
	stored  atomic.Int64
	failed  error // of the first that was not stored; set by settle
}

func (p *storer) publish(data []byte) error {
	publication, err := p.channel.PublishAsync(p.ctx, client.Payload{Data: data, Binary: p.binary}, nil)
	if err != nil {
		return err
	}
	p.sent <- publication
	return nil
}

// publishEach publishes what input brings, until it ends, or a message is refused, or ctx ends.
func (p *storer) publishEach(input <-chan line) error {
	for number := 1; ; number++ {
		select {
		case l := <-input:
			switch {
			case errors.Is(l.err, io.EOF):
				return nil
			case l.err != nil:
				return fail(exitFailed, "cannot read stdin: %w", l.err)
			case !p.binary && !utf8.Valid(l.text):
				return fail(exitFailed, "line %d of stdin is not valid UTF-8, as text must be; send it with --binary", number)
			}
			if err := p.publish(l.text); err != nil {
				return err
			}
		case <-p.ctx.Done():
			return nil // settle tells why, or ctx
		}
	}
}

// settle waits for the acknowledgements. The first failure stops the publishing.
func (p *storer) settle() {
	number := 0
	for publication := range p.sent {
		number++
		_, err := publication.Wait(context.Background())
		switch {
		case err == nil:
			p.stored.Add(1)
		case p.failed == nil && errors.Is(err, client.ErrClosed): // interrupted
		case p.failed == nil:
			p.failed = fail(exitFailed, "message %d was not stored: %w", number, err)
			p.stop(p.failed)
		}
	}
}

// showProgress shows on a terminal how many are stored, until done is called.
func (p *storer) showProgress(show bool, w io.Writer) (done func()) {
	if !show {
		return func() {}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(progressEvery)
		defer t.Stop()
		for shown := int64(0); ; {
			select {
			case <-t.C:
				if now := p.stored.Load(); now != shown {
					shown = now
					fmt.Fprintf(w, "\r\x1b[K%s stored", count(int(now), "message"))
				}
			case <-p.ctx.Done():
				fmt.Fprint(w, "\r\x1b[K")
				return
			}
		}
	}()
	return func() { <-ended }
}
