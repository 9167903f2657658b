package wstest_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
)

// ServeHTTP opens a session if the request is right.
func (s *reference) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := r.Header
	key, err := base64.StdEncoding.DecodeString(strings.Trim(h.Get("Sec-WebSocket-Key"), " \t"))
	versions := h.Values("Sec-WebSocket-Version")
	extensions := strings.Join(h.Values("Sec-WebSocket-Extensions"), ",")
	switch {
	case s.acceptsAnyRequest:
	case (len(versions) != 1 || versions[0] != "13") && !s.acceptsAnyVersion:
		w.Header().Set("Sec-WebSocket-Version", "13")
		http.Error(w, "version 13 is spoken here", http.StatusUpgradeRequired)
		return
	case r.Method != "GET" && !s.acceptsAnyMethod, r.ProtoMinor == 0,
		!hasElement(h.Values("Upgrade"), "websocket"), !hasElement(h.Values("Connection"), "upgrade"),
		(err != nil || len(key) != 16 || len(h.Values("Sec-WebSocket-Key")) != 1) && !s.acceptsAnyKey,
		extensions != "" && !extensionList.MatchString(extensions):
		http.Error(w, "this is no right handshake", http.StatusBadRequest)
		return
	}
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	accept := acceptOf(strings.Trim(h.Get("Sec-WebSocket-Key"), " \t"))
	if s.wrongAccept {
		accept = strings.ToLower(accept)
	}
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		accept + "\r\n"
	one := &session{reference: s, r: rw.Reader, w: conn}
	for offer := range strings.SplitSeq(extensions, ",") {
		if agreed, chosen := s.accept(strings.TrimSpace(offer)); agreed != nil {
			one.deflate = agreed
			answer += "Sec-WebSocket-Extensions: " + chosen + "\r\n"
			break
		}
	}
	if _, err := io.WriteString(conn, answer+"\r\n"); err == nil {
		one.serve()
	}
}

func hasElement(lines []string, element string) bool {
	for e := range strings.SplitSeq(strings.ToLower(strings.Join(lines, ",")), ",") {
		if strings.TrimSpace(e) == element {
			return true
		}
	}
	return false
}

// extensionList is the grammar of Sec-WebSocket-Extensions, as far as anybody writes it.
var extensionList = regexp.MustCompile(`^[\w-]+([ \t]*;[ \t]*[\w-]+([ \t]*=[ \t]*([\w.-]+|"[\w.-]+"))?)*([ \t]*,[ \t]*[\w-]+([ \t]*;[ \t]*[\w-]+([ \t]*=[ \t]*([\w.-]+|"[\w.-]+"))?)*)*$`)

// echo is a client: it dials and echoes until the end.
func (s *reference) echo(ctx context.Context, url string) error {
	address := strings.TrimSuffix(strings.TrimPrefix(url, "ws://"), "/")
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	defer conn.Close()
	var nonce [16]byte
	if !s.sameKey {
		rand.Read(nonce[:])
	}
	key := base64.StdEncoding.EncodeToString(nonce[:])
	offer := "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"
	if s.offersBadly {
		offer += "=77"
	}
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: "+address+"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: "+key+"\r\n"+offer+"\r\n\r\n")
	one := &session{reference: s, r: bufio.NewReader(conn), w: conn, client: true}
	response, err := http.ReadResponse(one.r, nil)
	if err != nil {
		return err
	}
	h := response.Header
	chosen := h.Values("Sec-WebSocket-Extensions")
	if len(chosen) == 1 {
		one.deflate = s.take(chosen[0])
	}
	switch {
	case s.acceptsAnyAnswer:
	case response.StatusCode != 101, !strings.EqualFold(h.Get("Upgrade"), "websocket"), !hasElement(h.Values("Connection"), "upgrade"),
		h.Get("Sec-WebSocket-Accept") != acceptOf(key), h.Get("Sec-WebSocket-Protocol") != "", len(chosen) > 0 && one.deflate == nil:
		return errors.New("this is no right answer")
	}
	one.serve()
	return nil
}

func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
