package websocket

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

func TestAPeerThatSentTooMuchGetsACleanCloseOnceItAnswers(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{MaxMessageBytes: 10})
		ended := make(chan error, 1)
		go func() { ended <- c.Serve(nil) }()
		sent := make(chan struct{})
		go func() { // a pipe takes it only as it is read
			defer close(sent)
			p.send(0x01, "too much in")
			p.send(0x89, "ping")
			p.send(0x80, " two fragments")
			p.send(0x82, filler(100_000))
			p.send(0x88, closePayload(CloseMessageTooBig, ""))
		}()
		p.wantClose(CloseMessageTooBig)
		<-sent
		p.wantEOF()
		p.Close()
		if end := wantEnd(t, <-ended, CloseError{Code: CloseMessageTooBig, Reason: c.end.Reason, By: Local, Clean: true}); !end.Clean {
			t.Error("not clean")
		}
	})
}

// A peer that is busy sending sees the close frame only if nobody resets the connection under it.
func TestAPeerInTheMiddleOfALargeMessageStillReadsTheCloseFrame(t *testing.T) {
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "ws", true: "wss"}[secure], func(t *testing.T) {
			// The peer does not answer: the engine waits a fifth of this for it.
			addr, conns := accepting(t, secure, &AcceptOptions{Limits: Limits{MaxMessageBytes: 1 << 20, CloseTimeout: 2 * time.Second}})
			p, _ := dialRaw(t, addr, secure, "", nil)
			c := <-conns
			ended := make(chan error, 1)
			go func() { ended <- c.Serve(nil) }()
			p.write(p.frame(0x82, filler(8<<20))) // does not return before most of it has been read
			p.wantClose(CloseMessageTooBig)
			p.wantEOF()
			p.Close()
			var end *CloseError
			if err := <-ended; !errors.As(err, &end) || end.Code != CloseMessageTooBig || end.By != Local || end.Err != nil {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestAPeerThatSendsForEverIsNotDrainedForEver(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{MaxMessageBytes: 10})
	ended := make(chan error, 1)
	go func() { ended <- c.Serve(nil) }()
	p.write(p.frame(0x82, filler(100)))
	chunk := make([]byte, 1<<20)
	var err error
	for sent := 0; err == nil; sent += len(chunk) {
		if sent > maxDrain+64<<20 { // what the sockets hold is a small part of that
			t.Fatal("the server still reads")
		}
		_, err = p.Conn.Write(chunk)
	}
	wantEnd(t, <-ended, CloseError{Code: CloseMessageTooBig, Reason: c.end.Reason, By: Local})
}

func TestAConnectionThatIsSeenOffHoldsNoBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Client, Limits{})
		go c.Close(context.Background(), CloseNormal, "")
		p.wantClose(CloseNormal)
		p.send(0x88, closePayload(CloseNormal, ""))
		synctest.Wait() // for the server to close the transport
		if c.in.buf != nil {
			t.Error("a read buffer is held")
		}
		p.Close()
		<-c.Done()
	})
}
