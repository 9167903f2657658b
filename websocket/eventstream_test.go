package websocket

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// eventServer answers every request with an event stream, which it leaves on streams.
type eventServer struct {
	*httptest.Server
	streams chan *EventStream
	ends    chan struct{} // one for each stream that is over
}

// eventWays are the ways to an event stream that differ below.
var eventWays = []struct {
	name   string
	secure bool
	http2  bool
	wrap   func(net.Listener) net.Listener
}{
	{name: "http1", wrap: Listener},
	{name: "https1", secure: true, wrap: Listener},
	{name: "https1 on a foreign listener", secure: true, wrap: func(l net.Listener) net.Listener { return l }},
	{name: "http2", secure: true, http2: true, wrap: Listener},
}

// eachEventWay runs a test on each of them.
func eachEventWay(t *testing.T, l Limits, test func(t *testing.T, s *eventServer)) {
	for _, way := range eventWays {
		t.Run(way.name, func(t *testing.T) {
			s := &eventServer{streams: make(chan *EventStream, 10), ends: make(chan struct{}, 10)}
			s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Note", "kept")
				stream, err := AcceptEvents(w, r, l)
				if err != nil {
					t.Error(err)
					return
				}
				s.streams <- stream
				stream.Run(func() {
					stream.Wait()
					s.ends <- struct{}{}
				})
			}))
			s.Listener = way.wrap(s.Listener)
			s.Config.ReadTimeout = time.Second // what counts for requests does not count for streams
			if s.EnableHTTP2 = way.http2; way.secure {
				s.StartTLS()
			} else {
				s.Start()
			}
			defer s.Close()
			test(t, s)
		})
	}
}

// open asks for a stream and returns both ends of it.
func (s *eventServer) open(t *testing.T) (*EventStream, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return <-s.streams, resp
}

func TestAnEventStreamSendsItsHeaderAtOnceAndThenWhatItIsGiven(t *testing.T) {
	eachEventWay(t, Limits{}, func(t *testing.T, s *eventServer) {
		stream, resp := s.open(t)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("X-Note") != "kept" || resp.Header.Get("Date") == "" {
			t.Errorf("answered %s with %v", resp.Status, resp.Header)
		}
		body := bufio.NewReader(resp.Body)
		for _, line := range []string{"data: a\n", "data: " + strings.Repeat("x", 100_000) + "\n", "\n"} {
			if got := stream.Send([]byte(line)); got != Sent && got != Queued {
				t.Fatalf("Send: %v", got)
			}
			if got, err := body.ReadString('\n'); got != line {
				t.Fatalf("got %.20q, %v; want %.20q", got, err, line)
			}
		}
		resp.Body.Close()
		<-s.ends
	})
}

func TestAnEventStreamEndsWithItsLastWordsBehindWhatWaits(t *testing.T) {
	eachEventWay(t, Limits{}, func(t *testing.T, s *eventServer) {
		stream, resp := s.open(t)
		stream.Send([]byte("data: a\n\n"))
		stream.Finish([]byte("event: close\ndata:\n\n"))
		stream.Close(t.Context(), []byte("event: late\ndata:\n\n"))
		got, err := io.ReadAll(resp.Body)
		if want := "data: a\n\nevent: close\ndata:\n\n"; string(got) != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
		<-s.ends
		if got := stream.Send([]byte("data: late\n\n")); got != Closed {
			t.Errorf("Send after the end: %v", got)
		}
		stream.Finish(nil)
		stream.Expel(nil)
	})
}

func TestClosingAnEventStreamWaitsUntilItsLastWordsHaveLeft(t *testing.T) {
	eachEventWay(t, Limits{}, func(t *testing.T, s *eventServer) {
		stream, resp := s.open(t)
		stream.Send([]byte("data: a\n\n"))
		stream.Close(t.Context(), []byte("event: close\ndata:\n\n"))
		if stream.out.Busy() {
			t.Error("something waits still")
		}
		got, err := io.ReadAll(resp.Body)
		if want := "data: a\n\nevent: close\ndata:\n\n"; string(got) != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
		<-s.ends
	})
}

func TestAClientThatDoesNotReadAnEventStreamIsGivenUp(t *testing.T) {
	eachEventWay(t, Limits{WriteTimeout: 300 * time.Millisecond}, func(t *testing.T, s *eventServer) {
		stream, _ := s.open(t)
		event := []byte("data: " + strings.Repeat("x", 250_000) + "\n\n")
		for stream.Send(event) != Closed {
			if stream.Flush(t.Context()) != nil {
				break
			}
		}
		<-s.ends
		if got := stream.Send(event); got != Closed {
			t.Errorf("Send after the end: %v", got)
		}
	})
}

func TestAnEventStreamCanBeEndedThoughItsClientDoesNotRead(t *testing.T) {
	eachEventWay(t, Limits{SendQueueBytes: 1 << 20, CloseTimeout: 300 * time.Millisecond}, func(t *testing.T, s *eventServer) {
		stream, _ := s.open(t)
		event := []byte("data: " + strings.Repeat("x", 250_000) + "\n\n")
		for stream.Send(event) != Dropped {
		}
		stream.Expel([]byte("event: close\ndata:\n\n"))
		<-s.ends
	})
}

func TestWhoeverSendsBehindItsRequestIsDropped(t *testing.T) {
	s := &eventServer{streams: make(chan *EventStream, 1)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		stream, err := AcceptEvents(w, r, Limits{})
		if err != nil {
			t.Error(err)
			return
		}
		s.streams <- stream
		stream.Run(stream.Wait)
	}))
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		for { // until it is dropped
			if _, err := c.Write(make([]byte, maxSkip/4)); err != nil {
				return
			}
		}
	}()
	if _, err := io.Copy(io.Discard, c); err == nil {
		t.Log("the connection was closed and not reset")
	}
	if got := (<-s.streams).Send([]byte(":\n")); got != Closed {
		t.Errorf("Send: %v", got)
	}
}

func TestAnEventStreamNeedsAConnectionThatCanBeTakenOver(t *testing.T) {
	w := httptest.NewRecorder()
	_, err := AcceptEvents(w, httptest.NewRequest("GET", "http://example.com/", nil), Limits{})
	if err == nil || w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "Unwrap") {
		t.Errorf("answered %d %q, %v", w.Code, w.Body, err)
	}
}
