package relay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"go.uber.org/goleak"

	"github.com/holdfast-dev/holdfast/internal/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 1 << 20 // bytes of a body

// patience is the longest that anything may take; it is not a timing that is tested.
func patience(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// pair is two nodes of which one is asked for what the other has.
type pair struct {
	t         *testing.T
	near, far *cluster.Cluster
	relay     *Relay // of the near one
	other     *Relay
}

func start(t *testing.T, serve Serve) *pair {
	t.Helper()
	s, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})
	if !s.ReadyForConnections(20 * time.Second) {
		t.Fatal("the NATS server does not start")
	}
	p := &pair{t: t}
	node := func(name string, serve Serve) (*cluster.Cluster, *Relay) {
		connect := func(_ context.Context, _ string, options ...nats.Option) (*nats.Conn, error) {
			return nats.Connect(s.ClientURL(), options...)
		}
		c, err := cluster.New(patience(t), cluster.Node{ID: cluster.NewID(), Name: name}, connect, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		r := New(c, "test", limit+1, slog.New(slog.DiscardHandler), serve)
		if err := c.Start(patience(t)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			r.Close()
			c.Close()
		})
		return c, r
	}
	p.far, p.other = node("far", serve)
	p.near, p.relay = node("near", func(http.ResponseWriter, *http.Request) bool { return false })
	return p
}

// forward sends a request by way of the near node.
func (p *pair) forward(ctx context.Context, method string, body []byte) (*httptest.ResponseRecorder, error) {
	answer := httptest.NewRecorder()
	r := httptest.NewRequest(method, "/there?after=1", bytes.NewReader(body)).WithContext(ctx)
	r.Header.Set("Wanted", "yes")
	r.Header.Set("Authorization", "a secret")
	return answer, p.relay.Forward(controlled{answer}, r, p.far.Self().ID, "wanted")
}

// controlled is a recorder that takes time limits, as a server's writer does.
type controlled struct{ *httptest.ResponseRecorder }

func (controlled) SetReadDeadline(time.Time) error  { return nil }
func (controlled) SetWriteDeadline(time.Time) error { return nil }

func TestARequestIsAnsweredByTheNodeThatHasWhatItIsAbout(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 40<<10)
	p := start(t, func(w http.ResponseWriter, r *http.Request) bool {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != "POST" || r.URL.RequestURI() != "/there?after=1" || r.Header.Get("Wanted") != "yes" || r.Header.Get("Authorization") != "" {
			t.Errorf("it is asked %s %s with %v, %v", r.Method, r.URL, r.Header, err)
		}
		w.Header().Set("Answered", "yes")
		w.WriteHeader(http.StatusAccepted)
		w.Write(body[:1])
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		w.Write(body[1:])
		return true
	})
	for _, body := range [][]byte{[]byte("x"), large} {
		answer, err := p.forward(patience(t), "POST", body)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Code != http.StatusAccepted || answer.Header().Get("Answered") != "yes" || !bytes.Equal(answer.Body.Bytes(), body) {
			t.Errorf("the answer is %d %v with %d bytes", answer.Code, answer.Header(), answer.Body.Len())
		}
	}
}

func TestABodyThatIsTooLargeIsCutOffForTheOtherNodeToRefuse(t *testing.T) {
	p := start(t, func(w http.ResponseWriter, r *http.Request) bool {
		if n, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, limit)); err == nil {
			t.Errorf("%d bytes have come", n)
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return true
	})
	answer, err := p.forward(patience(t), "POST", make([]byte, 3*limit))
	if err != nil || answer.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d, %v", answer.Code, err)
	}
}

func TestWhatNoNodeHasIsAStranger(t *testing.T) {
	p := start(t, func(http.ResponseWriter, *http.Request) bool { return false })
	if _, err := p.forward(patience(t), "GET", nil); !errors.Is(err, ErrStranger) {
		t.Errorf("got %v", err)
	}
	r := httptest.NewRequest("GET", "/there", nil)
	if err := p.relay.Forward(httptest.NewRecorder(), r, "nobody"); !errors.Is(err, ErrGone) {
		t.Errorf("got %v of a node that there is not", err)
	}
}

func TestWhoWaitsForANodeThatGoesIsTold(t *testing.T) {
	asked := make(chan struct{})
	p := start(t, func(_ http.ResponseWriter, r *http.Request) bool {
		close(asked)
		<-r.Context().Done()
		return true
	})
	go func() {
		<-asked
		p.far.Close()
		p.other.Close()
	}()
	if _, err := p.forward(patience(t), "GET", nil); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
}

func TestWhenAClientGivesUpTheOtherNodeDoesToo(t *testing.T) {
	asked, ended := make(chan struct{}), make(chan struct{})
	p := start(t, func(_ http.ResponseWriter, r *http.Request) bool {
		close(asked)
		<-r.Context().Done()
		close(ended)
		return true
	})
	ctx, cancel := context.WithCancel(patience(t))
	go func() {
		<-asked
		cancel()
	}()
	if _, err := p.forward(ctx, "GET", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-ended:
	case <-patience(t).Done():
		t.Error("the other node goes on")
	}
}

func TestFramesThatMakeNoSenseHaveNoEffect(t *testing.T) {
	p := start(t, func(http.ResponseWriter, *http.Request) bool {
		t.Error("it is asked something")
		return true
	})
	n := string(make([]byte, 8))
	for _, frame := range []string{"", ">", ">" + n, ">" + n + "h", ">" + n + "h{", ">" + n + "e", ">" + n + "p", ">" + n + "c", ">" + n + "h{}", ">" + n + "e\xff", "<" + n + "h", "<" + n + "e", "?" + n + "x"} {
		p.other.hear("nobody", []byte(frame))
	}
	p.other.mu.Lock()
	defer p.other.mu.Unlock()
	if len(p.other.requests) != 0 || p.other.gathered != 0 {
		t.Errorf("%d requests are left, with %d bytes", len(p.other.requests), p.other.gathered)
	}
}

func TestAnAnswerOfWhichAPartIsMissingIsNone(t *testing.T) {
	for _, frames := range [][2]string{{"h{\"status\":200}", "e\x05"}, {"p12345", "e\x05"}, {"h{", "e\x00"}, {"funheard of", ""}} {
		a := &answer{news: make(chan struct{}, 1)}
		for _, f := range frames {
			if f != "" {
				a.hear(f[0], []byte(f[1:]))
			}
		}
		if err := a.copyTo(patience(t), controlled{httptest.NewRecorder()}); !errors.Is(err, ErrBroken) {
			t.Errorf("%q is taken: %v", frames, err)
		}
	}
}
