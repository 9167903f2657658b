package socket

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/holdfast-dev/holdfast/websocket"
)

// httpClient is a client without a WebSocket. Its messages come by a stream, or by polls.
type httpClient struct {
	url  string // http://…
	http *http.Client
	id   string
	ctx  context.Context // of all its requests
	stop context.CancelFunc

	events *bufio.Reader // of the stream, or nil
	body   io.Closer

	next    uint64            // for the next poll
	pending []json.RawMessage // polled, and not looked at
	closing json.RawMessage   // why the connection closes behind them

	mu   sync.Mutex // one POST at a time
	sent uint64
}

// httpDial opens a connection, or returns the answer that refuses it.
func httpDial(ctx context.Context, url string, streamed bool, header http.Header) (*httpClient, *http.Response, error) {
	c := &httpClient{url: strings.Replace(url, "ws", "http", 1), http: &http.Client{Transport: &http.Transport{DialContext: dialSmall}}}
	c.ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	accept := "application/json"
	if streamed {
		accept = "text/event-stream"
	}
	resp, err := c.do(c.ctx, http.MethodGet, "", nil, header, "Accept", accept)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusOK {
		c.CloseNow()
		return nil, resp, nil
	}
	var hello greeting
	if streamed {
		c.events, c.body = bufio.NewReaderSize(resp.Body, 4<<10), resp.Body
		event, data, err := c.event()
		if err != nil || event != "open" {
			return nil, nil, fmt.Errorf("the first event is %q: %v", event, err)
		}
		err = json.Unmarshal(data, &hello)
		c.id = hello.Connection
		return c, resp, err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(resp.Body).Decode(&hello)
	c.id = hello.Connection
	return c, resp, err
}

// do sends a request with headers, by pairs.
func (c *httpClient) do(ctx context.Context, method, query string, body []byte, header http.Header, pairs ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if header != nil {
		r.Header = header.Clone()
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Set(pairs[i], pairs[i+1])
	}
	if c.id != "" {
		r.Header.Set(connectionHeader, c.id)
	}
	return c.http.Do(r)
}

// status sends a request and returns what is answered.
func (c *httpClient) status(method, query, body string, pairs ...string) (int, string, error) {
	resp, err := c.do(c.ctx, method, query, []byte(body), nil, pairs...)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// Write sends a message.
func (c *httpClient) Write(_ context.Context, _ websocket.MessageType, message []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	status, text, err := c.status(http.MethodPost, "", string(message), sequenceHeader, fmt.Sprint(c.sent))
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("answered with %d: %s", status, text)
	}
	return err
}

// Read returns the next message.
func (c *httpClient) Read(ctx context.Context) (websocket.MessageType, []byte, error) {
	if c.events == nil {
		return c.readPolled(ctx)
	}
	event, data, err := c.event()
	switch {
	case err != nil:
		return 0, nil, &websocket.CloseError{Code: websocket.CloseAbnormal, By: websocket.Network, Err: err}
	case event == "close":
		c.body.Close() // there is no more, and the server waits until it sees that the client knows
		return 0, nil, closeError(data)
	case event != "":
		return 0, nil, fmt.Errorf("an event %q", event)
	}
	return websocket.Text, data, nil
}

func closeError(data []byte) error {
	var end farewell
	if err := json.Unmarshal(data, &end); err != nil {
		return err
	}
	return &websocket.CloseError{Code: end.Code, Reason: end.Reason, By: websocket.Remote}
}

// event returns the next event of the stream.
func (c *httpClient) event() (event string, data []byte, err error) {
	for {
		line, err := c.events.ReadBytes('\n')
		if err != nil {
			return "", nil, err
		}
		line = bytes.TrimSuffix(line, []byte("\n"))
		switch name, value, _ := bytes.Cut(line, []byte(": ")); {
		case string(name) == "event":
			event = string(value)
		case string(name) == "data":
			data = value
		case len(line) == 0 && data != nil:
			return event, data, nil
		}
	}
}

// polled is the answer to a poll.
type polled struct {
	Next     uint64            `json:"next"`
	Messages []json.RawMessage `json:"messages"`
	Close    json.RawMessage   `json:"close"`
}

func (c *httpClient) readPolled(ctx context.Context) (websocket.MessageType, []byte, error) {
	for len(c.pending) == 0 {
		if c.closing != nil {
			return 0, nil, closeError(c.closing)
		}
		answer, err := c.poll(ctx, fmt.Sprint("?after=", c.next))
		if err != nil {
			return 0, nil, err
		}
		c.next, c.pending = answer.Next, answer.Messages
		c.closing = answer.Close
	}
	m := c.pending[0]
	c.pending = c.pending[1:]
	return websocket.Text, m, nil
}

func (c *httpClient) poll(ctx context.Context, query string) (*polled, error) {
	resp, err := c.do(ctx, http.MethodGet, query, nil, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered with %d: %s", resp.StatusCode, text)
	}
	answer := new(polled)
	if err == nil {
		err = json.Unmarshal(text, answer)
	}
	return answer, err
}

// CloseNow breaks the connection off.
func (c *httpClient) CloseNow() {
	c.stop()
	if c.body != nil {
		c.body.Close() // it has been cut off
	}
	c.http.CloseIdleConnections()
}

// Close leaves.
func (c *httpClient) Close(_ context.Context, _ websocket.CloseCode, _ string) error {
	defer c.CloseNow()
	status, text, err := c.status(http.MethodDelete, "", "")
	if err == nil && status != http.StatusNoContent {
		err = fmt.Errorf("answered with %d: %s", status, text)
	}
	return err
}

// list returns the connections.
func (xs *exchanges) list() (all []*exchange) {
	xs.mu.Lock()
	defer xs.mu.Unlock()
	for _, x := range xs.all {
		all = append(all, x)
	}
	return all
}
