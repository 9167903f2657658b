package websocket

import (
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/internal/wire"
)

// watching runs test in fake time with a Keepalive of 25 s and 20 s on a connection that is served.
func watching(t *testing.T, test func(t *testing.T, k *Keepalive, c *Conn, p *peer, served <-chan error)) {
	for _, role := range roles {
		t.Run(roleName(role), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := NewKeepalive(25*time.Second, 20*time.Second)
				defer k.Close()
				c, p := connected(t, "pipe", role, Limits{})
				p.SetDeadline(time.Time{})
				k.Watch(c)
				served := make(chan error, 1)
				go func() { served <- c.Serve(func(MessageType, []byte) {}) }()
				test(t, k, c, p, served)
			})
		})
	}
}

// wantPing reads a ping that must come after between min and max.
func wantPing(t *testing.T, p *peer, min, max time.Duration) {
	t.Helper()
	start := time.Now()
	p.want(0x89, "")
	if d := time.Since(start); d < min || d > max {
		t.Errorf("the ping came after %v, want %v to %v", d, min, max)
	}
}

func TestASilentPeerIsPingedAndThenGivenUp(t *testing.T) {
	watching(t, func(t *testing.T, k *Keepalive, c *Conn, p *peer, served <-chan error) {
		wantPing(t, p, 25*time.Second, 28*time.Second)
		start := time.Now()
		go io.Copy(io.Discard, p.br)
		end := wantEnd(t, <-served, CloseError{Code: CloseAbnormal, By: Network})
		if d := time.Since(start); d < 20*time.Second || d > 23*time.Second {
			t.Errorf("given up after %v", d)
		}
		if !errors.Is(end, ErrSilent) || end.Error() !=
			"websocket: connection lost with 1006 (abnormal closure): the peer is silent: nothing came for 25s, nor within 20s of a ping" {
			t.Errorf("ended with %v", end)
		}
	})
}

func TestAPeerThatAnswersIsKept(t *testing.T) {
	watching(t, func(t *testing.T, k *Keepalive, c *Conn, p *peer, served <-chan error) {
		for range 20 {
			wantPing(t, p, 25*time.Second-1, 28*time.Second)
			p.send(0x8A, "")
		}
		// An answer just in time counts too.
		wantPing(t, p, 25*time.Second-1, 28*time.Second)
		time.Sleep(19 * time.Second)
		p.send(0x8A, "")
		wantPing(t, p, 25*time.Second-1, 28*time.Second)
		if c.End() != nil {
			t.Errorf("ended with %v", c.End())
		}
	})
}

func TestAPeerThatSendsAnythingIsNotPinged(t *testing.T) {
	watching(t, func(t *testing.T, k *Keepalive, c *Conn, p *peer, served <-chan error) {
		go func() {
			for range 50 {
				time.Sleep(20 * time.Second)
				p.Conn.Write(p.frame(0x81, "hello")[:3]) // not even whole frames
				p.Conn.Write(p.frame(0x81, "hello")[3:])
			}
		}()
		wantPing(t, p, 1025*time.Second, 1028*time.Second)
	})
}

func TestAnythingButAPongAnswersAPingToo(t *testing.T) {
	watching(t, func(t *testing.T, k *Keepalive, c *Conn, p *peer, served <-chan error) {
		wantPing(t, p, 25*time.Second, 28*time.Second)
		p.send(0x81, "busy")
		wantPing(t, p, 25*time.Second-1, 28*time.Second)
		p.send(0x82, "")
		wantPing(t, p, 25*time.Second-1, 28*time.Second)
	})
}

func TestSilenceIsNotHeldAgainstThePeerWhileNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewKeepalive(25*time.Second, 20*time.Second)
		defer k.Close()
		c, p := connected(t, "pipe", wire.Server, Limits{})
		p.SetDeadline(time.Time{})
		k.Watch(c)
		time.Sleep(time.Hour)
		go p.send(0x81, "an hour later")
		wantMessage(t, c, Text, "an hour later")
		time.Sleep(time.Hour)
		go p.send(0x81, "two hours later")
		wantMessage(t, c, Text, "two hours later")
	})
}

func TestAPeerThatTakesItsTimeToReadIsLeftToTheWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewKeepalive(25*time.Second, 20*time.Second)
		defer k.Close()
		c, p := connected(t, "pipe", wire.Server, Limits{WriteTimeout: time.Hour})
		p.SetDeadline(time.Time{})
		k.Watch(c)
		go c.Serve(nil)
		c.Send(NewFrame(Text, []byte("read me")))
		time.Sleep(59 * time.Minute)
		p.want(0x81, "read me")
		wantPing(t, p, 0, 3*time.Second)
		p.send(0x8A, "")
		wantPing(t, p, 25*time.Second-1, 28*time.Second)
	})
}

// Where the frame fits into the socket, a peer that only seemed dead learns what happened to it.
func TestAPeerThatIsGivenUpIsToldIfItStillListens(t *testing.T) {
	for _, kind := range []string{"tcp", "tls on a socket"} {
		c, p := connected(t, kind, wire.Server, Limits{})
		served := make(chan error, 1)
		go func() { served <- c.Serve(nil) }()
		c.fellSilent(ErrSilent)
		if reason := p.wantClose(CloseGoingAway); reason != "no sign of life, not even a pong" {
			t.Errorf("reason %q", reason)
		}
		p.wantEOF()
		wantEnd(t, <-served, CloseError{Code: CloseAbnormal, By: Network})
	}
}

func TestConnectionsThatAreOverAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewKeepalive(0, 0)
		defer k.Close()
		var conns []*Conn
		for range 100 {
			c, _ := connected(t, "pipe", wire.Server, Limits{})
			k.Watch(c)
			k.Watch(c)                 // has no effect
			NewKeepalive(1, 1).Close() // nor has one that is closed
			go c.Serve(nil)
			conns = append(conns, c)
			time.Sleep(time.Second / 2)
		}
		for i := range conns { // in an order that moves others
			c := conns[(i*37)%100]
			c.CloseNow()
			<-c.Done()
			k.Watch(c)
		}
		synctest.Wait()
		k.mu.Lock()
		defer k.mu.Unlock()
		for _, slot := range k.wheel {
			if len(slot) != 0 {
				t.Errorf("%d connections are kept", len(slot))
			}
			for _, c := range slot[:cap(slot)] {
				if c != nil {
					t.Error("a connection is still pointed at")
				}
			}
		}
	})
}

func TestAClosedKeepaliveLeavesItsConnectionsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := NewKeepalive(25*time.Second, 20*time.Second)
		c, p := connected(t, "pipe", wire.Server, Limits{})
		p.SetDeadline(time.Time{})
		k.Watch(c)
		go c.Serve(nil)
		k.Close()
		k.Close()
		later, _ := connected(t, "pipe", wire.Server, Limits{})
		k.Watch(later)
		go later.Serve(nil)
		time.Sleep(time.Hour)
		if later.End() != nil {
			t.Errorf("ended with %v", later.End())
		}
		if c.End() != nil {
			t.Errorf("ended with %v", c.End())
		}
	})
}
