package wstest_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// deflateSession is one connection's compression.
type deflateSession struct {
	serverNoTakeover, clientNoTakeover bool
	ignoresWindow                      bool
	serverBits                         int
	w                                  *flate.Writer
	sent, received                     []byte // the ends of the messages before
}

// accept returns the compression of one offer and the answer to it, or nil.
func (s *reference) accept(offer string) (*deflateSession, string) {
	name, rest, _ := strings.Cut(offer, ";")
	if strings.TrimSpace(name) != "permessage-deflate" {
		return nil, ""
	}
	d := &deflateSession{serverBits: 15, ignoresWindow: s.ignoresWindow}
	answer := "permessage-deflate"
	seen := map[string]bool{}
	for param := range strings.SplitSeq(rest, ";") {
		name, value, valued := strings.Cut(param, "=")
		name, value = strings.TrimSpace(name), strings.Trim(strings.TrimSpace(value), `"`)
		bits, err := strconv.Atoi(value)
		ok := valued && err == nil && bits >= 8 && bits <= 15 && value == strconv.Itoa(bits)
		switch {
		case name == "" && !valued:
			continue
		case seen[name] && !s.acceptsBadOffers:
			return nil, ""
		case name == "server_no_context_takeover" && !valued:
			d.serverNoTakeover = !s.keepsContext
			answer += "; " + name
		case name == "client_no_context_takeover" && !valued:
			d.clientNoTakeover = true
			answer += "; " + name
		case name == "server_max_window_bits" && ok:
			d.serverBits = bits
			answer += fmt.Sprintf("; %s=%d", name, bits)
		case name == "client_max_window_bits" && (ok || !valued):
			if ok {
				answer += fmt.Sprintf("; %s=%d", name, bits)
			}
		case !s.acceptsBadOffers:
			return nil, ""
		}
		seen[name] = true
	}
	return d, answer
}

// compress keeps to a small window by compressing half a window at a time.
func (d *deflateSession) compress(message []byte) []byte {
	window := 1 << d.serverBits
	if d.ignoresWindow {
		window = 1 << 15
	}
	if d.serverNoTakeover {
		d.sent = nil
	}
	var b bytes.Buffer
	if d.w == nil {
		d.w, _ = flate.NewWriter(nil, flate.BestSpeed+1)
	}
	for {
		piece := message[:min(len(message), window/2)]
		done := b.Len()
		d.w.Reset(&b)
		d.w.Write(d.sent) // only to be referred to
		d.w.Flush()
		b.Truncate(done)
		d.w.Write(piece)
		d.w.Flush()
		d.sent = append(d.sent, piece...)
		d.sent = bytes.Clone(d.sent[max(0, len(d.sent)-window/2):])
		if message = message[len(piece):]; len(message) == 0 {
			break
		}
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
}

var errTooLarge = errors.New("it inflates to too much")

func (d *deflateSession) inflate(p []byte, limit int) ([]byte, error) {
	if d.clientNoTakeover {
		d.received = nil
	}
	message := []byte{}
	for rest := bytes.NewReader(append(p, "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)); rest.Len() > 0; {
		r := flate.NewReaderDict(rest, d.received)
		part, err := io.ReadAll(io.LimitReader(r, int64(limit-len(message)+1)))
		if err != nil {
			return nil, err
		}
		message = append(message, part...)
		if len(message) > limit {
			return message, errTooLarge
		}
		d.received = append(d.received, part...)
		d.received = bytes.Clone(d.received[max(0, len(d.received)-1<<15):])
	}
	return message, nil
}

// take returns the compression that a server has chosen, or nil. To the client, what the server
// does is what it receives: accept has it the other way round.
func (s *reference) take(chosen string) *deflateSession {
	if !strings.Contains(chosen, "client_max_window_bits;") && strings.HasSuffix(chosen, "client_max_window_bits") {
		return nil // an answer needs a value
	}
	mirrored := strings.NewReplacer("server_", "client_", "client_", "server_").Replace(chosen)
	if strings.HasSuffix(mirrored, "client_max_window_bits") {
		return nil
	}
	d, _ := s.accept(mirrored)
	return d
}
