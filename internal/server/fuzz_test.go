package server

import (
	"bufio"
	"bytes"
	"net/http"
	"net/netip"
	"testing"

	"github.com/pires/go-proxyproto"
)

func FuzzForwarded(f *testing.F) {
	p := prefixes("10.0.0.0/8", "fd00::/8")
	peer := netip.MustParseAddrPort("10.0.0.1:9")
	f.Fuzz(func(t *testing.T, list, elements, proto string) {
		h := http.Header{"X-Forwarded-For": {list}, "X-Forwarded-Proto": {proto}}
		if elements != "" {
			h.Set("Forwarded", elements)
		}
		p.forwarded = elements != ""
		got := p.origin(peer, h)
		if !got.addr.Addr().IsValid() || got.addr.Addr().Is4In6() || got.addr.Addr().Zone() != "" {
			t.Errorf("the client is %v", got.addr)
		}
		if _, err := netip.ParseAddrPort(got.addr.String()); err != nil {
			t.Errorf("its address can't be read back: %v", err)
		}
		h.Add("X-Forwarded-For", "203.0.113.9")
		h.Add("Forwarded", "for=203.0.113.9")
		if got := p.origin(peer, h).addr.Addr().String(); got != "203.0.113.9" {
			t.Errorf("what the last proxy says is not what counts, but %s", got)
		}
	})
}

func FuzzAnnouncement(f *testing.F) {
	f.Fuzz(func(t *testing.T, sent []byte) {
		rest := bytes.NewReader(sent)
		raw, err := announcement(rest)
		if err != nil {
			return
		}
		if len(raw) > maxAnnouncement || len(raw)+rest.Len() != len(sent) || !bytes.HasPrefix(sent, raw) {
			t.Fatalf("%d bytes are taken of %d, and %d are left", len(raw), len(sent), rest.Len())
		}
		reader := bufio.NewReaderSize(bytes.NewReader(raw), maxAnnouncement)
		if header, err := proxyproto.Read(reader); err == nil && header.Command.IsProxy() && reader.Buffered() > 0 {
			t.Errorf("%d bytes of %q are behind the header", reader.Buffered(), raw)
		}
	})
}
