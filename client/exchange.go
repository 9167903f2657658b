package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/websocket"
)

// exchange is what a stream and polls have in common: a connection that the server knows by an id, and to which messages
// are sent as the bodies of POSTs (docs/protocol.md, Without a WebSocket).
type exchange struct {
	url     *url.URL
	header  http.Header
	most    int64 // bytes of a message from the server
	http    *http.Client
	id      string
	sent    uint64          // messages; belongs to Write
	context context.Context // of all requests
	stop    context.CancelFunc

	mu         sync.Mutex            // guards what follows
	end        *websocket.CloseError // nil while it is not over
	ping, pong time.Duration
	speaks     *time.Timer // has something said; nil where nothing has to be
	deaf       *time.Timer // ends the connection; nil before Watch
}

const (
	connectionHeader = "Holdfast-Connection"
	sequenceHeader   = "Holdfast-Sequence"

	openTimeout    = 5 * time.Second        // for the first event: a proxy that holds answers back never shows it
	leaveTimeout   = 5 * time.Second        // for the server to note that the client leaves
	answerBytes    = 512 << 10              // of an answer besides its largest message
	maxReasonBytes = 512                    // of an answer that refuses
	firstResend    = 100 * time.Millisecond // before a request is sent again; each time twice as long
	lastResend     = 800 * time.Millisecond
)

// newExchange prepares for a connection to an endpoint.
func newExchange(endpoint string, o *websocket.DialOptions) (*exchange, error) {
	to, err := url.Parse(httpURL(endpoint))
	if err != nil {
		return nil, fmt.Errorf("holdfast: %w", err)
	}
	jar, err := cookiejar.New(nil) // by a cookie, balancers bring requests to the node that knows the connection
	if err != nil {
		return nil, err
	}
	way := &http.Transport{DialContext: o.NetDial, ForceAttemptHTTP2: true}
	if o.NetDial == nil {
		way.Proxy = http.ProxyFromEnvironment
		way.DialContext = new(net.Dialer).DialContext
	}
	if o.TLS != nil {
		way.TLSClientConfig = o.TLS.Clone()
	}
	x := &exchange{
		url:    to,
		header: o.Header,
		most:   o.MaxMessageBytes,
		http: &http.Client{
			Transport:     way,
			Jar:           jar,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // as for WebSockets
		},
	}
	x.context, x.stop = context.WithCancel(context.Background())
	return x, nil
}

// httpURL returns the URL of an endpoint for requests of HTTP.
func httpURL(endpoint string) string {
	if rest, ok := strings.CutPrefix(endpoint, "ws"); ok { // wss as well
		return "http" + rest
	}
	return endpoint
}

// hello is what the server says first, and farewell what it says last.
type (
	hello struct {
		Connection string `json:"connection"`
	}
	farewell struct {
		Code   websocket.CloseCode `json:"code"`
		Reason string              `json:"reason"`
	}
)

// named takes the id of the connection.
func (x *exchange) named(text []byte) error {
	var said hello
	if err := json.Unmarshal(text, &said); err != nil || said.Connection == "" {
		return &websocket.HandshakeError{StatusCode: http.StatusOK, Reason: "what answers does not speak the Holdfast protocol"}
	}
	x.id = said.Connection
	return nil
}

// do sends a request, with headers by pairs.
func (x *exchange) do(ctx context.Context, method, query string, body []byte, headers ...string) (*http.Response, error) {
	to := *x.url
	if to.RawQuery != "" && query != "" {
		query = "&" + query
	}
	to.RawQuery += query
	r, err := http.NewRequestWithContext(ctx, method, to.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if x.header != nil {
		r.Header = x.header.Clone()
		r.Host = x.header.Get("Host")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	if x.id != "" {
		r.Header.Set(connectionHeader, x.id)
	}
	return x.http.Do(r)
}

// ask sends a request and reads its answer: of success, at most so many bytes; of anything else, as much as tells why, since
// what is between may answer with a page of any size.
func (x *exchange) ask(ctx context.Context, most int64, method, query string, body []byte, headers ...string) (status int, text []byte, err error) {
	resp, err := x.do(ctx, method, query, body, headers...)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		text, err = io.ReadAll(io.LimitReader(resp.Body, maxReasonBytes))
	} else {
		text, err = io.ReadAll(http.MaxBytesReader(nil, resp.Body, most))
	}
	return resp.StatusCode, text, err
}

// insist is ask that asks again when the answer got lost or a gateway did not reach the server: the server knows what it
// has been asked before. If the answer is not the one that is wanted, the connection is over.
func (x *exchange) insist(want int, most int64, method, query string, body []byte, headers ...string) ([]byte, error) {
	for wait := firstResend; ; wait *= 2 {
		text, lost, err := x.try(want, most, method, query, body, headers...)
		if !lost {
			return text, err
		}
		if wait > lastResend || !sleep(x.context, wait) {
			return nil, x.dropped(err)
		}
	}
}

// try is ask, once. If the answer is lost, it may be asked for again; else an error tells how the connection has ended.
func (x *exchange) try(want int, most int64, method, query string, body []byte, headers ...string) (text []byte, lost bool, err error) {
	status, text, err := x.ask(x.context, most, method, query, body, headers...)
	_, tooLarge := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLarge:
		return nil, false, x.finish(&websocket.CloseError{Code: websocket.CloseMessageTooBig, By: websocket.Local, Err: err})
	case err != nil:
		return nil, true, err
	case status == want:
		return text, false, nil
	case status == http.StatusRequestEntityTooLarge:
		return nil, false, x.finish(&websocket.CloseError{Code: websocket.CloseMessageTooBig, By: websocket.Remote, Reason: reason(text)})
	}
	err = refused(status, text, nil)
	if status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout {
		return nil, true, err
	}
	return nil, false, x.dropped(err)
}

// refused is the error of an answer that is not the one that is wanted.
func refused(status int, text []byte, header http.Header) error {
	return &websocket.HandshakeError{StatusCode: status, Reason: reason(text), Header: header}
}

// reason returns the beginning of an answer, on one line.
func reason(text []byte) string {
	text = text[:min(len(text), maxReasonBytes)]
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(text), "\uFFFD")), " ")
}

// Write implements carrier.
func (x *exchange) Write(_ context.Context, _ websocket.MessageType, message []byte) error {
	x.sent++
	_, err := x.insist(http.StatusNoContent, maxReasonBytes, http.MethodPost, "", message,
		"Content-Type", "application/json", sequenceHeader, strconv.FormatUint(x.sent, 10))
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.speaks != nil && x.end == nil {
		x.speaks.Reset(x.ping)
	}
	return err
}

// Close implements carrier.
func (x *exchange) Close(ctx context.Context, code websocket.CloseCode, reason string) error {
	x.note(&websocket.CloseError{Code: code, Reason: reason, By: websocket.Local, Clean: true})
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	status, text, err := x.ask(ctx, maxReasonBytes, http.MethodDelete, "", nil)
	x.release()
	if err == nil && status != http.StatusNoContent {
		err = refused(status, text, nil)
	}
	return err
}

// CloseNow implements carrier.
func (x *exchange) CloseNow() {
	x.finish(&websocket.CloseError{Code: websocket.CloseAbnormal, By: websocket.Local, Err: net.ErrClosed})
}

// dropped ends the connection because the network or what is between has, and returns how it has ended.
func (x *exchange) dropped(err error) error {
	return x.finish(&websocket.CloseError{Code: websocket.CloseAbnormal, By: websocket.Network, Err: err})
}

// closed ends the connection as the server says.
func (x *exchange) closed(text []byte) error {
	var said farewell
	if err := json.Unmarshal(text, &said); err != nil {
		return x.dropped(err)
	}
	return x.finish(&websocket.CloseError{Code: said.Code, Reason: said.Reason, By: websocket.Remote, Clean: true})
}

// finish ends the connection, unless it has ended, and returns how it has.
func (x *exchange) finish(end *websocket.CloseError) error {
	end = x.note(end)
	x.release()
	return end
}

// note notes how the connection ends, unless that is known, and returns that.
func (x *exchange) note(end *websocket.CloseError) *websocket.CloseError {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.end == nil {
		x.end = end
		for _, t := range []*time.Timer{x.speaks, x.deaf} {
			if t != nil {
				t.Stop()
			}
		}
	}
	return x.end
}

// release ends all requests.
func (x *exchange) release() {
	x.stop()
	x.http.CloseIdleConnections()
}

// Watch implements carrier. A server can't see whether anybody reads a stream, and has to be told.
func (x *exchange) Watch(ping, pong time.Duration, say func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.end != nil || x.deaf != nil {
		return
	}
	x.ping, x.pong = ping, pong
	x.deaf = time.AfterFunc(ping+pong, func() { x.dropped(websocket.ErrSilent) })
	if say != nil {
		x.speaks = time.AfterFunc(ping, say)
	}
}

// heard notes a sign of life of the server.
func (x *exchange) heard() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.deaf != nil && x.end == nil {
		x.deaf.Reset(x.ping + x.pong)
	}
}
