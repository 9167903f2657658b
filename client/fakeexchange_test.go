package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/protocol"
	"github.com/holdfast-dev/holdfast/websocket"
)

// fakeWire is how a fakeConn talks.
type fakeWire interface {
	Write(ctx context.Context, typ websocket.MessageType, message []byte) error
	Close(ctx context.Context, code websocket.CloseCode, reason string) error
	CloseNow()
	Done() <-chan struct{}
}

// fakeExchange is a connection without a WebSocket. What it has said it keeps for good.
type fakeExchange struct {
	f        *fake
	received func(payload []byte)
	over     chan struct{}
	post     turn // one at a time
	taken    int  // POSTs

	mu      sync.Mutex // guards what follows
	said    [][]byte
	closing *farewell
	ended   bool
	news    chan struct{} // closed and replaced when there is more
}

func (x *fakeExchange) Done() <-chan struct{} { return x.over }

func (x *fakeExchange) Write(_ context.Context, _ websocket.MessageType, message []byte) error {
	x.say(func() { x.said = append(x.said, bytes.Clone(message)) })
	return nil
}

func (x *fakeExchange) Close(_ context.Context, code websocket.CloseCode, reason string) error {
	x.say(func() { x.closing = &farewell{code, reason} })
	return nil
}

func (x *fakeExchange) say(more func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	more()
	close(x.news)
	x.news = make(chan struct{})
}

func (x *fakeExchange) CloseNow() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.ended {
		x.ended = true
		close(x.over)
	}
}

// behind returns what has been said behind the first so many messages, and what tells that there is more.
func (x *fakeExchange) behind(n int) ([][]byte, *farewell, <-chan struct{}) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.said[n:], x.closing, x.news
}

// exchange serves what is no WebSocket handshake.
func (f *fake) exchange(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.Header.Get(connectionHeader))
	if err != nil {
		f.openExchange(w, r)
		return
	}
	f.mu.Lock()
	x := f.exchanges[id]
	f.mu.Unlock()
	select {
	case <-x.over:
		http.Error(w, "it is over", http.StatusNotFound)
		return
	default:
	}
	switch r.Method {
	case http.MethodPost:
		x.take(w, r)
	case http.MethodDelete:
		x.CloseNow()
		w.WriteHeader(http.StatusNoContent)
	default:
		x.poll(w, r)
	}
}

func (f *fake) openExchange(w http.ResponseWriter, r *http.Request) {
	x := &fakeExchange{f: f, over: make(chan struct{}), post: make(turn, 1), news: make(chan struct{})}
	k := f.newConn(x, protocol.JSON)
	x.received = k.received
	f.mu.Lock()
	f.exchanges = append(f.exchanges, x)
	id := len(f.exchanges) - 1
	holdsBack := f.holdsBack
	f.mu.Unlock()
	var pusher sync.WaitGroup
	pusher.Go(k.push)
	end := func() {
		f.gone(k)
		pusher.Wait()
	}
	if r.Header.Get("Accept") != "text/event-stream" {
		fmt.Fprintf(w, `{"connection":"%d"}`, id)
		go func() {
			<-x.over
			end()
		}()
		return
	}
	defer end()
	defer x.CloseNow()
	w.Header().Set("Content-Type", "text/event-stream")
	if holdsBack {
		<-r.Context().Done()
		return
	}
	x.stream(w, r, id)
}

func (x *fakeExchange) stream(w http.ResponseWriter, r *http.Request, id int) {
	fmt.Fprintf(w, "event: open\ndata: {\"connection\":\"%d\"}\n\n", id)
	beat := time.NewTicker(25 * time.Second)
	defer beat.Stop()
	for n := 0; ; {
		w.(http.Flusher).Flush()
		said, closing, news := x.behind(n)
		for _, m := range said {
			fmt.Fprintf(w, "data: %s\n\n", m)
		}
		n += len(said)
		w.(http.Flusher).Flush()
		if closing != nil {
			text, _ := json.Marshal(closing)
			fmt.Fprintf(w, "event: close\ndata: %s\n\n", text)
			return
		}
		select {
		case <-news:
		case <-beat.C:
			fmt.Fprint(w, ":\n\n")
		case <-x.over:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}

func (x *fakeExchange) poll(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.Atoi(r.URL.Query().Get("after"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	wait := 25
	if asked, err := strconv.Atoi(r.URL.Query().Get("wait")); err == nil {
		wait = asked
	}
	late := time.After(time.Duration(wait) * time.Second)
	for waits := true; ; {
		said, closing, news := x.behind(after)
		if len(said) > 0 || closing != nil || !waits {
			answer := map[string]any{"next": after + len(said), "messages": []json.RawMessage{}}
			if len(said) > 0 {
				answer["messages"] = raw(said)
			}
			if closing != nil {
				answer["close"] = closing
				defer x.CloseNow()
			}
			text, _ := json.Marshal(answer)
			w.Write(text)
			return
		}
		select {
		case <-news:
		case <-late:
			waits = false
		case <-x.over:
			panic(http.ErrAbortHandler)
		case <-r.Context().Done():
			return
		}
	}
}

func raw(messages [][]byte) (all []json.RawMessage) {
	for _, m := range messages {
		all = append(all, m)
	}
	return all
}

func (x *fakeExchange) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	x.post.Lock()
	defer x.post.Unlock()
	n, err := strconv.Atoi(r.Header.Get(sequenceHeader))
	switch {
	case err != nil || n > x.taken+1:
		http.Error(w, "out of turn", http.StatusConflict)
		return
	case n == x.taken+1:
		x.taken = n
		x.received(body)
	}
	w.WriteHeader(http.StatusNoContent)
}
