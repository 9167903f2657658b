package wstest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// head is the head of an HTTP request or response as it is written, line by line: right at first,
// then bent.
type head struct {
	start  string // the first line
	fields []field
}

type field struct{ name, value string }

// newRequest returns a right opening handshake (RFC 6455 section 4.1) with a new key.
func newRequest(u *url.URL, header http.Header) *head {
	h := &head{start: "GET " + u.RequestURI() + " HTTP/1.1", fields: []field{
		{"Host", u.Host},
		{"Upgrade", "websocket"},
		{"Connection", "Upgrade"},
		{"Sec-WebSocket-Key", newKey()},
		{"Sec-WebSocket-Version", "13"},
	}}
	for name, values := range header {
		for _, value := range values {
			h.add(name, value)
		}
	}
	return h
}

func newKey() string {
	var b [16]byte
	rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

func (h *head) add(name, value string) { h.fields = append(h.fields, field{name, value}) }

// drop removes a header.
func (h *head) drop(name string) {
	var kept []field
	for _, f := range h.fields {
		if !strings.EqualFold(f.name, name) {
			kept = append(kept, f)
		}
	}
	h.fields = kept
}

func (h *head) set(name, value string) {
	h.drop(name)
	h.add(name, value)
}

func (h *head) get(name string) string {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// rename writes the names of the headers differently.
func (h *head) rename(to func(string) string) {
	for i := range h.fields {
		h.fields[i].name = to(h.fields[i].name)
	}
}

func (h *head) bytes() []byte {
	var b bytes.Buffer
	b.WriteString(h.start + "\r\n")
	for _, f := range h.fields {
		fmt.Fprintf(&b, "%s: %s\r\n", f.name, f.value)
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// acceptKey is the answer to a key (RFC 6455 section 4.2.2).
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// checkResponse says what is wrong with the answer to an opening handshake that offers neither
// extensions nor subprotocols (RFC 6455 section 4.2.2), or returns "".
func checkResponse(r *http.Response, key string) string {
	h := r.Header
	switch upgrade, accept := h.Values("Upgrade"), h.Values("Sec-WebSocket-Accept"); {
	case r.StatusCode != http.StatusSwitchingProtocols:
		return "the answer " + r.Status
	case !r.ProtoAtLeast(1, 1):
		return "an answer in " + r.Proto
	case len(upgrade) != 1 || !strings.EqualFold(upgrade[0], "websocket"):
		return fmt.Sprintf("the header Upgrade %q", upgrade)
	case !listHas(h.Values("Connection"), "upgrade"):
		return fmt.Sprintf("the header Connection %q, which has no \"upgrade\"", h.Values("Connection"))
	case len(accept) != 1 || accept[0] != acceptKey(key):
		return fmt.Sprintf("the header Sec-WebSocket-Accept %q; the key %q asks for %q", accept, key, acceptKey(key))
	case h.Get("Content-Length") != "" || len(r.TransferEncoding) > 0:
		return "an answer 101 that announces a body"
	}
	return ""
}

// listHas tells whether a header that is a comma-separated list has an element, in whatever case.
func listHas(lines []string, element string) bool {
	for _, line := range lines {
		for e := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(e), element) {
				return true
			}
		}
	}
	return false
}
