package wstest

import (
	"fmt"
	"net/http"
	"slices"
)

// offers are right offers of permessage-deflate (RFC 7692 section 7.1), which a server may accept or
// decline. What it answers is checked against what was offered; see readAgreement.
var offers = []struct{ id, offer string }{
	{"plain", ""},
	{"server-no-takeover", "; server_no_context_takeover"},
	{"client-no-takeover", "; client_no_context_takeover"},
	{"no-takeover", "; server_no_context_takeover; client_no_context_takeover"},
	{"client-window", "; client_max_window_bits"},
	{"client-window-8", "; client_max_window_bits=8"},
	{"client-window-9", "; client_max_window_bits=9"},
	{"client-window-10", "; client_max_window_bits=10"},
	{"client-window-12", "; client_max_window_bits=12"},
	{"client-window-15", "; client_max_window_bits=15"},
	{"server-window-8", "; server_max_window_bits=8"},
	{"server-window-9", "; server_max_window_bits=9"},
	{"server-window-10", "; server_max_window_bits=10"},
	{"server-window-12", "; server_max_window_bits=12"},
	{"server-window-15", "; server_max_window_bits=15"},
	{"windows-9", "; server_max_window_bits=9; client_max_window_bits=9"},
	{"windows-15", "; client_max_window_bits=15; server_max_window_bits=15"},
	{"server-window-9-no-takeover", "; server_no_context_takeover; server_max_window_bits=9"},
	{"client-window-9-no-takeover", "; client_no_context_takeover; client_max_window_bits=9"},
	{"everything", "; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=11; client_max_window_bits=11"},
	{"quoted", `; server_max_window_bits="10"; client_max_window_bits="15"`},
	{"spaces", " ;\tserver_no_context_takeover  ; client_max_window_bits = 15"},
	{"fallback", "; server_max_window_bits=9; server_no_context_takeover, permessage-deflate"},
	{"fallback-from-unknown", "; x_wstest=1, permessage-deflate; client_max_window_bits"},
	{"behind-other", "; client_max_window_bits, x-wstest-none; a=1"},
}

// badOffers are offers that a server must decline (RFC 7692 section 7.1: an unknown parameter, an
// invalid value, or the same parameter twice).
var badOffers = []struct{ id, offer string }{
	{"unknown-parameter", "; x_wstest"},
	{"unknown-parameter-value", "; client_max_window_bits; x_wstest=10"},
	{"server-window-without-value", "; server_max_window_bits"},
	{"server-window-7", "; server_max_window_bits=7"},
	{"server-window-16", "; server_max_window_bits=16"},
	{"server-window-0", "; server_max_window_bits=0"},
	{"server-window-leading-zero", "; server_max_window_bits=09"},
	{"server-window-negative", "; server_max_window_bits=-9"},
	{"server-window-words", "; server_max_window_bits=nine"},
	{"server-window-huge", "; server_max_window_bits=99999999999999999999"},
	{"client-window-7", "; client_max_window_bits=7"},
	{"client-window-16", "; client_max_window_bits=16"},
	{"client-window-leading-zero", "; client_max_window_bits=015"},
	{"client-window-fraction", "; client_max_window_bits=10.5"},
	{"server-no-takeover-with-value", "; server_no_context_takeover=1"},
	{"client-no-takeover-with-value", "; client_no_context_takeover=true"},
	{"server-no-takeover-twice", "; server_no_context_takeover; server_no_context_takeover"},
	{"client-window-twice", "; client_max_window_bits; client_max_window_bits=10"},
	{"server-window-twice", "; server_max_window_bits=10; server_max_window_bits=10"},
}

// badAnswers are answers that a client must not take, whatever it offered (RFC 7692 section 7.1).
var badAnswers = []struct{ id, answer string }{
	{"unknown-parameter", "permessage-deflate; x_wstest"},
	{"server-window-without-value", "permessage-deflate; server_max_window_bits"},
	{"server-window-16", "permessage-deflate; server_max_window_bits=16"},
	{"server-window-7", "permessage-deflate; server_max_window_bits=7"},
	{"client-window-without-value", "permessage-deflate; client_max_window_bits"},
	{"client-window-16", "permessage-deflate; client_max_window_bits=16"},
	{"no-takeover-with-value", "permessage-deflate; server_no_context_takeover=1"},
	{"no-takeover-twice", "permessage-deflate; client_no_context_takeover; client_no_context_takeover"},
	{"twice", "permessage-deflate, permessage-deflate"},
	{"another-too", "permessage-deflate, x-wstest-none"},
}

// negotiationCases are about what is agreed on.
func negotiationCases() []Case {
	var cases []Case
	for _, o := range badOffers {
		bad := deflateName + o.offer
		cases = append(cases, Case{ID: "negotiation/bad-offer-" + o.id, Side: Server,
			Name: fmt.Sprintf("The offer %q is declined, and the connection opens without compression.", bad),
			RFC:  "7692 §7.1", run: func(x *exam) {
				p := x.connect(opening{offer: deflateName}) // tells whether it is compression that is declined, or only this
				if p == nil {
					return
				}
				p.finish()
				if p := x.connect(opening{offer: bad, bad: true}); p != nil {
					p.exchange(text("not compressed"))
					p.finish()
				}
			}})
		cases = append(cases, Case{ID: "negotiation/bad-offer-then-good-" + o.id, Side: Server,
			Name: fmt.Sprintf("Behind the offer %q, which can't be accepted, a right one is.", bad),
			RFC:  "7692 §5.1", open: opening{offer: bad + ", " + deflateName},
			talk: func(p *peer) { p.exchangeDeflated(text("compressed")) }})
	}
	for _, o := range badAnswers {
		cases = append(cases, Case{ID: "negotiation/bad-answer-" + o.id, Side: Client,
			Name: fmt.Sprintf("The answer %q ends the connection.", o.answer),
			RFC:  "7692 §7.1; 6455 §4.1", run: func(x *exam) {
				conn, r, request := x.link.(*answerer).accept(x)
				if conn == nil || !offersDeflate(x, request) {
					return
				}
				response := newResponse(request)
				response.add("Sec-WebSocket-Extensions", o.answer)
				conn.Write(response.bytes())
				x.expectGone(r)
			}})
	}
	return append(cases, Case{ID: "negotiation/client-offer", Side: Client, Name: "A client's offers of compression are right ones.", RFC: "7692 §7.1",
		run: func(x *exam) {
			if _, _, request := x.link.(*answerer).accept(x); request != nil && offersDeflate(x, request) {
				for _, offered := range readExtensions(request.Header.Values("Sec-WebSocket-Extensions")) {
					if fault := checkOffer(offered); fault != "" {
						x.fail("a right offer", fault)
					}
				}
			}
		}})
}

// offersDeflate ends the case as not applicable unless a client offers compression.
func offersDeflate(x *exam, r *http.Request) bool {
	offered := slices.ContainsFunc(readExtensions(r.Header.Values("Sec-WebSocket-Extensions")), func(e extension) bool { return e.name == deflateName })
	if !offered {
		x.skip("the client does not offer permessage-deflate")
	}
	return offered
}

// checkOffer says what is wrong with an offer of permessage-deflate, or returns "".
func checkOffer(e extension) string {
	seen := map[string]bool{}
	for _, p := range e.params {
		_, isBits := windowBits(p.value)
		right := p.value == "" && p.name != serverWindowBits
		if p.name == serverWindowBits || p.name == clientWindowBits {
			right = right || isBits
		}
		known := slices.Contains([]string{serverNoTakeover, clientNoTakeover, serverWindowBits, clientWindowBits}, p.name)
		if e.name == deflateName && (!known || !right || seen[p.name]) {
			return fmt.Sprintf("the parameter %s=%q", p.name, p.value)
		}
		seen[p.name] = true
	}
	return ""
}
