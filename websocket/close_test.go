package websocket

import (
	"context"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

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
