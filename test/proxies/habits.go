package proxies

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
)

// newBack returns the way to the server. Its certificate need not be for the proxy's name.
func newBack(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *http.Transport {
	return &http.Transport{DialContext: dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableCompression: true}
}

// isUpgrade tells whether a request is a WebSocket handshake over HTTP/1.1.
func isUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// pass does to a request what the habits say.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request) {
	habits, fails, afterwards := p.count()
	switch {
	case fails && (!afterwards || isUpgrade(r)):
		http.Error(w, "not passed on, as is this proxy's habit", http.StatusBadGateway)
		return
	case isUpgrade(r) && habits.Upgrades == Refuse:
		http.Error(w, "this proxy does not know the Upgrade header", http.StatusBadRequest)
		return
	case isUpgrade(r) && habits.Upgrades == Strip:
		for _, name := range []string{"Upgrade", "Connection"} {
			r.Header.Del(name)
		}
	}
	if fails {
		w = &losing{ResponseWriter: w, header: http.Header{}}
	}
	p.forward.ServeHTTP(w, r)
}

// count counts a request, and tells whether it fails, and if so whether after it has been passed on.
func (p *Proxy) count() (habits Habits, fails, afterwards bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
	if every := p.habits.FailEvery; every == 0 || p.requests%every != 0 {
		return p.habits, false, false
	}
	p.failures++
	return p.habits, true, p.failures%2 == 0
}

// answered does to an answer what the habits say.
func (p *Proxy) answered(r *http.Response) error {
	p.mu.Lock()
	buffers := p.habits.Buffers
	p.note(r)
	p.mu.Unlock()
	if !buffers || r.StatusCode == http.StatusSwitchingProtocols {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// note notes what has been opened. Lock held.
func (p *Proxy) note(r *http.Response) {
	accepts := r.Request.Header.Get("Accept")
	switch {
	case r.StatusCode == http.StatusSwitchingProtocols:
		p.opened = append(p.opened, "websocket")
	case r.StatusCode != http.StatusOK || r.Request.Method != http.MethodGet:
	case accepts == "text/event-stream":
		p.opened = append(p.opened, "stream")
	case accepts == "application/json" && r.Request.URL.Path == "/socket" && r.Request.Header.Get("Holdfast-Connection") == "":
		p.opened = append(p.opened, "polls")
	}
}

// losing is a ResponseWriter whose answer is replaced with 502 when it begins.
type losing struct {
	http.ResponseWriter
	header http.Header
	lost   bool
}

func (l *losing) Header() http.Header { return l.header }

func (l *losing) WriteHeader(int) {
	if !l.lost {
		l.lost = true
		http.Error(l.ResponseWriter, "the answer is lost, as is this proxy's habit", http.StatusBadGateway)
	}
}

func (l *losing) Write(b []byte) (int, error) {
	l.WriteHeader(http.StatusOK)
	return len(b), nil
}
