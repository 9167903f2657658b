package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// wantSameEnd checks that every call returns the very end that Read returned.
func wantSameEnd(t *testing.T, c *Conn, end *CloseError) {
	t.Helper()
	<-c.Done()
	_, _, readErr := c.Read(context.Background())
	_, pingErr := c.Ping(context.Background())
	for call, err := range map[string]error{
		"Read":  readErr,
		"Serve": c.Serve(func(MessageType, []byte) { t.Error("Serve delivered a message after the end") }),
		"Write": c.Write(context.Background(), Text, []byte("x")),
		"Ping":  pingErr,
	} {
		if err != error(end) {
			t.Errorf("%s after the end: %v, want the same as before: %v", call, err, end)
		}
	}
	if r := c.Send(NewFrame(Text, []byte("x"))); r != Closed {
		t.Errorf("Send after the end: %d", r)
	}
	if err := c.Close(context.Background(), CloseNormal, ""); end.Clean && err != nil || !end.Clean && err != error(end) {
		t.Errorf("Close after the end: %v", err)
	}
}

func TestCloseWithoutAReader(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		closed := make(chan error, 1)
		go func() { closed <- c.Close(context.Background(), 4001, "enough") }()
		if reason := p.wantClose(4001); reason != "enough" {
			t.Errorf("reason %q", reason)
		}
		p.send(0x81, "a message that comes late")
		p.send(0x88, closePayload(4001, ""))
		if role == wire.Client {
			p.Close() // the server closes first
		} else {
			p.wantEOF()
			p.Close()
		}
		if err := <-closed; err != nil {
			t.Fatalf("Close: %v", err)
		}
		wantMessage(t, c, Text, "a message that comes late")
		_, _, err := c.Read(t.Context())
		wantSameEnd(t, c, wantEnd(t, err, CloseError{Code: 4001, Reason: "enough", By: Local, Clean: true}))
	})
}

func TestMessagesThatComeLateAreKeptWithoutAGapAndWithinTheLimit(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{MaxMessageBytes: 10})
	closed := make(chan error, 1)
	go func() { closed <- c.Close(context.Background(), CloseNormal, "") }()
	p.wantClose(CloseNormal)
	for _, m := range []string{"1234", "5678", "too much", "9"} {
		p.send(0x81, m)
	}
	p.send(0x88, closePayload(CloseNormal, ""))
	p.wantEOF()
	p.Close()
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	wantMessage(t, c, Text, "1234")
	wantMessage(t, c, Text, "5678")
	if _, _, err := c.Read(t.Context()); CloseCodeOf(err) != CloseNormal {
		t.Errorf("Read: %v", err)
	}
}

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

func TestCloseWithAReader(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		served := make(chan error, 1)
		got := make(chan string, 1)
		go func() { served <- c.Serve(func(_ MessageType, m []byte) { got <- string(m) }) }()
		p.send(0x81, "first")
		<-got // now it is Serve who reads
		closed := make(chan error, 1)
		go func() { closed <- c.Close(context.Background(), CloseGoingAway, "bye") }()
		p.wantClose(CloseGoingAway)
		p.send(0x81, "on its way")
		if m := <-got; m != "on its way" {
			t.Errorf("the reader got %q", m)
		}
		p.send(0x88, closePayload(CloseGoingAway, ""))
		if role == wire.Server {
			p.wantEOF()
		}
		p.Close()
		end := wantEnd(t, <-served, CloseError{Code: CloseGoingAway, Reason: "bye", By: Local, Clean: true})
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		wantSameEnd(t, c, end)
	})
}

func TestThePeersCloseIsEchoed(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		for _, code := range []CloseCode{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999} {
			c, p := connected(t, kind, role, Limits{})
			ended := make(chan error, 1)
			go func() {
				_, _, err := c.Read(context.Background())
				ended <- err
			}()
			p.send(0x88, closePayload(code, "därum"))
			if reason := p.wantClose(code); reason != "därum" { // which a browser shows
				t.Errorf("the answer has the reason %q", reason)
			}
			if role == wire.Server {
				p.wantEOF()
			}
			p.Close()
			wantSameEnd(t, c, wantEnd(t, <-ended, CloseError{Code: code, Reason: "därum", By: Remote, Clean: true}))
		}
	})
}

func TestACloseWithoutACode(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		t.Run("from the peer", func(t *testing.T) {
			c, p := connected(t, kind, role, Limits{})
			ended := make(chan error, 1)
			go func() { ended <- c.Serve(nil) }()
			p.send(0x88, "")
			p.want(0x88, "")
			p.Close()
			wantEnd(t, <-ended, CloseError{Code: CloseNoStatus, By: Remote, Clean: true})
		})
		t.Run("from here", func(t *testing.T) {
			for _, code := range []CloseCode{0, CloseNoStatus} {
				c, p := connected(t, kind, role, Limits{})
				closed := make(chan error, 1)
				go func() { closed <- c.Close(context.Background(), code, "") }()
				p.want(0x88, "")
				p.send(0x88, "")
				p.Close()
				if err := <-closed; err != nil {
					t.Fatal(err)
				}
				_, _, err := c.Read(t.Context())
				wantEnd(t, err, CloseError{Code: CloseNoStatus, By: Local, Clean: true})
			}
		})
	})
}

func TestBothCloseAtOnce(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			p.send(0x88, closePayload(CloseGoingAway, "theirs"))
		}()
		closed := make(chan error, 1)
		go func() { closed <- c.Close(context.Background(), CloseNormal, "ours") }()
		<-sent
		f, payload, err := p.read()
		if err != nil || f != 0x88 {
			t.Fatalf("peer got frame %#x %q, %v", f, payload, err)
		}
		p.Close() // only one close frame comes: the second would be wantEOF's complaint elsewhere
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
		<-c.Done()
		if !c.end.Clean || c.end.By == Network {
			t.Errorf("ended with %v, clean %v", c.end, c.end.Clean)
		}
	})
}

func TestTwoConnsThatCloseAtOnceBothEndCleanly(t *testing.T) {
	for _, kind := range []string{"tcp", "tls"} {
		t.Run(kind, func(t *testing.T) {
			for range 50 {
				server, client := ends(t, kind, wire.Server)
				a := newConn(server, wire.Server, Limits{}, "", nil)
				b := newConn(client, wire.Client, Limits{}, "", nil)
				var wg sync.WaitGroup
				for _, c := range []*Conn{a, b} {
					wg.Go(func() {
						if err := c.Serve(nil); !err.(*CloseError).Clean {
							t.Errorf("not clean: %v", err)
						}
					})
					wg.Go(func() {
						if err := c.Close(context.Background(), CloseNormal, ""); err != nil {
							t.Errorf("Close: %v", err)
						}
					})
				}
				wg.Wait()
			}
		})
	}
}

func TestTheQueueLeavesBeforeTheCloseFrame(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		const messages = 40
		c, p := connected(t, kind, role, Limits{SendQueueBytes: 64 << 20})
		shrink(c.nc, p.Conn)
		text := filler(50 << 10) // together far more than the sockets hold
		for range messages {
			if err := c.Write(t.Context(), Text, []byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		closed := make(chan error, 1)
		go func() { closed <- c.Close(context.Background(), CloseNormal, "") }()
		for range messages {
			p.want(0x81, text)
		}
		p.wantClose(CloseNormal)
		p.send(0x88, closePayload(CloseNormal, ""))
		p.Close()
		if err := <-closed; err != nil {
			t.Fatal(err)
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

// In the tests below time is fake, so that the timeouts pass at once and exactly.

func TestAPeerThatNeverAnswersCloseIsGivenUpAfterCloseTimeout(t *testing.T) {
	for _, reading := range []bool{true, false} {
		for _, role := range roles {
			synctest.Test(t, func(t *testing.T) {
				c, p := connected(t, "pipe", role, Limits{CloseTimeout: 7 * time.Second})
				served := make(chan error, 1)
				if reading {
					go func() { served <- c.Serve(nil) }()
				}
				go io.Copy(io.Discard, p.br)
				start := time.Now()
				end := wantEnd(t, c.Close(context.Background(), CloseNormal, ""), CloseError{Code: CloseNormal, By: Local})
				if took := time.Since(start); took != 7*time.Second {
					t.Errorf("Close took %v", took)
				}
				if !errors.Is(end, errCloseTimeout) {
					t.Errorf("cause %v", end.Err)
				}
				if reading {
					if err := <-served; err != error(c.end) {
						t.Errorf("Serve: %v", err)
					}
				}
				wantSameEnd(t, c, c.end)
			})
		}
	}
}

func TestAPeerThatReadsNothingIsGivenUpAfterCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := connected(t, "pipe", wire.Server, Limits{CloseTimeout: 7 * time.Second})
		c.Send(NewFrame(Text, []byte("blocks")))
		start := time.Now()
		wantEnd(t, c.Close(context.Background(), CloseNormal, ""), CloseError{Code: CloseNormal, By: Local})
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("Close took %v", took)
		}
		<-c.Done()
	})
}

func TestAServerThatNeverClosesTheTransportIsLeftAfterCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Client, Limits{CloseTimeout: 7 * time.Second})
		closed := make(chan error, 1)
		start := time.Now()
		go func() { closed <- c.Close(context.Background(), CloseNormal, "") }()
		p.wantClose(CloseNormal)
		p.send(0x88, closePayload(CloseNormal, ""))
		if err := <-closed; err != nil {
			t.Errorf("Close: %v, though both close frames were exchanged", err)
		}
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("Close took %v", took)
		}
		if end := c.end; !end.Clean || end.Err != nil {
			t.Errorf("ended with %v, clean %v", end, end.Clean)
		}
	})
}

func TestCloseGivesUpWhenItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{})
		go io.Copy(io.Discard, p.br)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		start := time.Now()
		end := wantEnd(t, c.Close(ctx, CloseNormal, ""), CloseError{Code: CloseNormal, By: Local})
		if took := time.Since(start); took != time.Second || !errors.Is(end, context.DeadlineExceeded) {
			t.Errorf("Close took %v and failed with %v", took, end)
		}
		<-c.Done()
	})
}

func TestCloseWithAnEndedContextStillSendsTheCloseFrame(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	wantEnd(t, c.Close(ctx, CloseGoingAway, "hurry"), CloseError{Code: CloseGoingAway, Reason: "hurry", By: Local})
	if reason := p.wantClose(CloseGoingAway); reason != "hurry" {
		t.Errorf("reason %q", reason)
	}
	p.wantEOF()
}

func TestCloseFromServesHandlerReturnsAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := connected(t, "pipe", wire.Server, Limits{CloseTimeout: 7 * time.Second})
		go io.Copy(io.Discard, p.br)
		go p.send(0x81, "go")
		start := time.Now()
		err := c.Serve(func(MessageType, []byte) {
			err := c.Close(context.Background(), CloseNormal, "")
			wantEnd(t, err, CloseError{Code: CloseNormal, By: Local})
		})
		wantEnd(t, err, CloseError{Code: CloseNormal, By: Local})
		if took := time.Since(start); took != 7*time.Second {
			t.Errorf("it took %v", took)
		}
		wantSameEnd(t, c, c.end)
	})
}

func TestExpelFromServesHandlerEndsAsThePeerAnswers(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		served := make(chan error, 1)
		go func() { served <- c.Serve(func(MessageType, []byte) { c.Expel(ClosePolicyViolation, "out") }) }()
		p.send(0x81, "go")
		p.wantClose(ClosePolicyViolation)
		p.send(0x88, closePayload(ClosePolicyViolation, ""))
		p.Close()
		wantEnd(t, <-served, CloseError{Code: ClosePolicyViolation, Reason: "out", By: Local, Clean: true})
	})
}

func TestExpelDiscardsWhatWaitsButNotTheFrameUnderWay(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{SendQueueBytes: 64 << 20})
		shrink(c.nc, p.Conn)
		first := filler(1 << 20) // more than the sockets hold
		if r := c.Send(NewFrame(Text, []byte(first))); r != Queued {
			t.Fatalf("Send: %d", r)
		}
		for range 5 {
			c.Send(NewFrame(Text, []byte("discarded")))
		}
		if err := c.Expel(CloseTryAgainLater, "too slow"); err != nil {
			t.Fatal(err)
		}
		p.want(0x81, first)
		if reason := p.wantClose(CloseTryAgainLater); reason != "too slow" {
			t.Errorf("reason %q", reason)
		}
	})
}

func TestExpelOfABlockedPeerEndsAfterCloseTimeout(t *testing.T) {
	for _, reading := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c, _ := connected(t, "pipe", wire.Server, Limits{CloseTimeout: 7 * time.Second})
			served := make(chan error, 1)
			if reading {
				go func() { served <- c.Serve(nil) }()
			}
			c.Send(NewFrame(Text, []byte("blocks")))
			start := time.Now()
			if err := c.Expel(CloseTryAgainLater, "too slow"); err != nil || time.Since(start) != 0 {
				t.Errorf("Expel returned %v after %v", err, time.Since(start))
			}
			<-c.Done()
			if took := time.Since(start); took != 7*time.Second {
				t.Errorf("it took %v", took)
			}
			end := wantEnd(t, c.end, CloseError{Code: CloseTryAgainLater, Reason: "too slow", By: Local})
			if !errors.Is(end, errCloseTimeout) {
				t.Errorf("cause %v", end.Err)
			}
			if reading && <-served != error(end) {
				t.Error("Serve returned something else")
			}
		})
	}
}

func TestCloseNowEndsAtOnceWhoeverReads(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		for _, reading := range []bool{true, false} {
			c, p := connected(t, kind, role, Limits{CloseTimeout: time.Hour})
			served := make(chan error, 1)
			if reading {
				go func() { served <- c.Serve(nil) }()
			}
			c.CloseNow()
			<-c.Done()
			end := wantEnd(t, c.end, CloseError{Code: CloseAbnormal, By: Local})
			if !errors.Is(end, net.ErrClosed) {
				t.Errorf("cause %v", end.Err)
			}
			if reading && <-served != error(end) {
				t.Error("Serve returned something else")
			}
			p.wantEOF() // and no close frame
			wantSameEnd(t, c, end)
		}
	})
}

// The reader gives its token back just when the transport is dropped: one of the two must finish, not the close timer.
func TestCloseNowWhileReadReturnsAMessageEndsAtOnce(t *testing.T) {
	for range 300 {
		c, p := connected(t, "tcp", wire.Server, Limits{CloseTimeout: time.Hour})
		p.send(0x81, "x")
		read := make(chan struct{})
		go func() {
			defer close(read)
			c.Read(context.Background())
		}()
		c.CloseNow()
		<-read
		<-c.Done()
	}
}

func TestNothingIsReadAfterTheEndThoughTheTransportHoldsMore(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		big := filler(10 << 10)
		go p.Conn.Write(append(p.frame(0x81, "first"), p.frame(0x81, big)...))
		if _, m, err := c.Read(t.Context()); err != nil || string(m) != "first" {
			t.Fatalf("Read: %q, %v", m, err)
		}
		c.CloseNow()
		<-c.Done()
		wantSameEnd(t, c, c.end)
	})
}

func TestALostTransportIsNoticedByWhoeverWrites(t *testing.T) {
	c, p := connected(t, "tcp", wire.Server, Limits{})
	p.Conn.(*net.TCPConn).SetLinger(0)
	p.Close() // with a reset
	var err error
	for err == nil {
		err = c.Write(t.Context(), Text, []byte("x"))
	}
	wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
	<-c.Done()
	wantSameEnd(t, c, c.end)
}

func TestBytesBehindTheCloseFrameAreIgnored(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		served := make(chan error, 1)
		go func() { served <- c.Serve(func(MessageType, []byte) { t.Error("a message after the close frame") }) }()
		b := p.frame(0x88, closePayload(CloseNormal, ""))
		b = append(b, p.frame(0x81, "late")...)
		b = append(b, 0xff, 0xff, 0xff)
		go p.Conn.Write(b)
		p.wantClose(CloseNormal)
		if role == wire.Server {
			p.wantEOF()
		}
		p.Close()
		wantEnd(t, <-served, CloseError{Code: CloseNormal, By: Remote, Clean: true})
	})
}

func TestAPeerThatBreaksARuleAfterOurCloseIsNotToldTwice(t *testing.T) {
	onAllTransports(t, func(t *testing.T, kind string, role wire.Role) {
		c, p := connected(t, kind, role, Limits{})
		closed := make(chan error, 1)
		go func() { closed <- c.Close(context.Background(), CloseNormal, "") }()
		p.wantClose(CloseNormal)
		go p.Conn.Write(p.frame(0xff, "")) // a pipe is closed before it has taken all of this
		p.wantEOF()
		p.Close()
		wantEnd(t, <-closed, CloseError{Code: CloseNormal, By: Local})
	})
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

func TestAReadTimeoutOfTheTransportIsNotTakenForTheContexts(t *testing.T) {
	c, _ := connected(t, "tcp", wire.Server, Limits{})
	c.nc.SetReadDeadline(time.Unix(1, 0))
	_, _, err := c.Read(t.Context())
	end := wantEnd(t, err, CloseError{Code: CloseAbnormal, By: Network})
	if !errors.Is(end, os.ErrDeadlineExceeded) {
		t.Errorf("cause %v", end.Err)
	}
}
