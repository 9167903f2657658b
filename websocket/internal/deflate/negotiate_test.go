package deflate

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAServerAnswersWhatWasOffered(t *testing.T) {
	wide := Config{SendWindowBits: 15, ReceiveWindowBits: 15}
	independent := Config{SendNoTakeover: true, ReceiveNoTakeover: true}
	for _, c := range []struct {
		config         Config
		offers, answer string
		send, receive  Context
	}{
		// What browsers offer.
		{Config{}, "client_max_window_bits", "client_max_window_bits=12", Context{13, true}, Context{12, true}},
		{Config{}, "", "client_no_context_takeover", Context{13, true}, Context{15, false}},
		{wide, "client_max_window_bits", "", Context{15, true}, Context{15, true}},
		{wide, "", "", Context{15, true}, Context{15, true}},
		{independent, "client_max_window_bits", "server_no_context_takeover; client_no_context_takeover", Context{13, false}, Context{15, false}},

		// 7.1.1.1: accepted by answering it.
		{wide, "server_no_context_takeover", "server_no_context_takeover", Context{15, false}, Context{15, true}},
		// 7.1.1.2: a hint that a server does well to take up.
		{wide, "client_no_context_takeover", "client_no_context_takeover", Context{15, true}, Context{15, false}},
		{wide, "client_no_context_takeover; server_no_context_takeover", "server_no_context_takeover; client_no_context_takeover", Context{15, false}, Context{15, false}},

		// 7.1.2.1: answered with the same or a smaller value, and not at all if it was not offered.
		{wide, "server_max_window_bits=15", "server_max_window_bits=15", Context{15, true}, Context{15, true}},
		{wide, "server_max_window_bits=10", "server_max_window_bits=10", Context{10, true}, Context{15, true}},
		{wide, "server_max_window_bits=8", "server_max_window_bits=8", Context{8, true}, Context{15, true}},
		{Config{SendWindowBits: 9, ReceiveWindowBits: 15}, "server_max_window_bits=10", "server_max_window_bits=9", Context{9, true}, Context{15, true}},
		{Config{SendWindowBits: 9, ReceiveWindowBits: 15}, "", "", Context{9, true}, Context{15, true}},

		// 7.1.2.2: likewise; a client that offers 8 can't be asked for more.
		{wide, "client_max_window_bits=15", "", Context{15, true}, Context{15, true}},
		{wide, "client_max_window_bits=10", "client_max_window_bits=10", Context{15, true}, Context{10, true}},
		{Config{}, "client_max_window_bits=15", "client_max_window_bits=12", Context{13, true}, Context{12, true}},
		{Config{}, "client_max_window_bits=10", "client_max_window_bits=10", Context{13, true}, Context{10, true}},
		{Config{}, "client_max_window_bits=8", "client_max_window_bits=8", Context{13, true}, Context{8, true}},
		{Config{ReceiveWindowBits: 9}, "client_max_window_bits", "client_max_window_bits=9", Context{13, true}, Context{9, true}},
		// zlib can't compress with a window of 8 bits, so nobody is asked to.
		{Config{ReceiveWindowBits: 8}, "client_max_window_bits", "client_max_window_bits=9", Context{13, true}, Context{9, true}},
		// Without takeover a large window costs nothing.
		{Config{}, "client_max_window_bits; client_no_context_takeover", "client_no_context_takeover", Context{13, true}, Context{15, false}},
		{Config{}, "client_max_window_bits=11; client_no_context_takeover", "client_no_context_takeover; client_max_window_bits=11", Context{13, true}, Context{11, false}},

		// The first offer that keeps the rules counts.
		{wide, "server_max_window_bits=10, server_max_window_bits=11", "server_max_window_bits=10", Context{10, true}, Context{15, true}},
		{wide, "x-unknown, server_max_window_bits=7, server_max_window_bits=11", "server_max_window_bits=11", Context{11, true}, Context{15, true}},
		{wide, "server_max_window_bits, ", "", Context{15, true}, Context{15, true}},
	} {
		var offers [][]Param
		for offer := range strings.SplitSeq(c.offers, ",") {
			offers = append(offers, params(strings.TrimSpace(offer)))
		}
		want := Name
		if c.answer != "" {
			want += "; " + c.answer
		}
		p, answer, ok := Accept(offers, c.config)
		if !ok || answer != want || p.Send != c.send || p.Receive != c.receive {
			t.Errorf("%+v, offered %q:\ngot  %q, %+v, %v\nwant %q, %+v", c.config, c.offers, answer, p, ok, want, Params{c.send, c.receive})
		}
	}
}

func TestAServerDeclinesOffersOutsideTheRules(t *testing.T) {
	for _, offers := range [][][]Param{
		nil,
		{params("x-unknown")},
		{params("server_max_window_bits")},
		{params("server_max_window_bits=16")},
		{params("client_max_window_bits=7"), params("client_no_context_takeover=1")},
		{params("server_no_context_takeover; server_no_context_takeover")},
	} {
		if p, answer, ok := Accept(offers, Config{}); ok || answer != "" || p != (Params{}) {
			t.Errorf("%v: got %q, %+v", offers, answer, p)
		}
	}
}

func TestAClientOffersWhatItWants(t *testing.T) {
	for want, c := range map[string]Config{
		"permessage-deflate; client_max_window_bits; server_max_window_bits=12, permessage-deflate; client_max_window_bits": {},
		"permessage-deflate; client_max_window_bits; server_max_window_bits=9, permessage-deflate; client_max_window_bits":  {ReceiveWindowBits: 8},
		"permessage-deflate; client_max_window_bits":                                                         {ReceiveWindowBits: 15},
		"permessage-deflate; server_no_context_takeover; client_max_window_bits":                             {ReceiveNoTakeover: true},
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits": {ReceiveNoTakeover: true, SendNoTakeover: true},
		"permessage-deflate; client_no_context_takeover; client_max_window_bits; server_max_window_bits=12, " +
			"permessage-deflate; client_no_context_takeover; client_max_window_bits": {SendNoTakeover: true},
	} {
		if got := Offer(c); got != want {
			t.Errorf("%+v:\ngot  %s\nwant %s", c, got, want)
		}
	}
}

func TestAClientKeepsToTheResponse(t *testing.T) {
	for _, c := range []struct {
		config        Config
		answer        string
		send, receive Context
	}{
		{Config{}, "", Context{13, true}, Context{15, true}}, // a server that accepted the second element
		{Config{}, "server_max_window_bits=12", Context{13, true}, Context{12, true}},
		{Config{}, "server_max_window_bits=8", Context{13, true}, Context{8, true}},
		{Config{}, "server_max_window_bits=15", Context{13, true}, Context{15, true}}, // unasked (7.1.2.1)
		{Config{}, "client_max_window_bits=15", Context{13, true}, Context{15, true}},
		{Config{}, "client_max_window_bits=10", Context{10, true}, Context{15, true}},
		{Config{}, "client_max_window_bits=8", Context{8, true}, Context{15, true}},
		{Config{}, "server_no_context_takeover; client_no_context_takeover", Context{13, false}, Context{15, false}},
		{Config{SendNoTakeover: true}, "", Context{13, false}, Context{15, true}}, // the server ignored the hint (7.1.1.2)
		{Config{ReceiveNoTakeover: true}, "server_no_context_takeover", Context{13, true}, Context{15, false}},
	} {
		p, ok, err := CheckResponse([][]Param{params(c.answer)}, c.config)
		if !ok || err != nil || p.Send != c.send || p.Receive != c.receive {
			t.Errorf("%+v, %q:\ngot  %+v, %v, %v\nwant %+v", c.config, c.answer, p, ok, err, Params{c.send, c.receive})
		}
	}
	if p, ok, err := CheckResponse(nil, Config{}); ok || err != nil || p != (Params{}) {
		t.Errorf("a server that declined: %+v, %v, %v", p, ok, err)
	}
}

func TestAClientFailsForResponsesOutsideTheRules(t *testing.T) {
	for _, c := range []struct {
		config  Config
		answers []string
		want    string
	}{
		{Config{}, []string{"", ""}, "the server accepted permessage-deflate twice (RFC 7692 section 5)"},
		{Config{}, []string{"client_max_window_bits"}, `permessage-deflate has the invalid value "" for client_max_window_bits (RFC 7692 section 7.1)`},
		{Config{}, []string{"server_max_window_bits=7"}, `permessage-deflate has the invalid value "7" for server_max_window_bits (RFC 7692 section 7.1)`},
		{Config{}, []string{"unknown"}, `permessage-deflate has the unknown parameter "unknown" (RFC 7692 section 7)`},
		{Config{ReceiveNoTakeover: true}, []string{"client_no_context_takeover"}, "permessage-deflate was accepted without the offered server_no_context_takeover (RFC 7692 section 7.1.1.1)"},
	} {
		var answers [][]Param
		for _, a := range c.answers {
			answers = append(answers, params(a))
		}
		if p, ok, err := CheckResponse(answers, c.config); ok || err == nil || err.Error() != c.want || p != (Params{}) {
			t.Errorf("%q:\ngot  %+v, %v, %v\nwant %s", c.answers, p, ok, err, c.want)
		}
	}
}

var anyConfig = rapid.Custom(func(t *rapid.T) Config {
	return Config{
		SendWindowBits:    rapid.IntRange(-1, 17).Draw(t, "send"),
		SendNoTakeover:    rapid.Bool().Draw(t, "send none"),
		ReceiveWindowBits: rapid.IntRange(-1, 17).Draw(t, "receive"),
		ReceiveNoTakeover: rapid.Bool().Draw(t, "receive none"),
	}
})

// elements reads a header of ours.
func elements(t failer, header string) (all [][]Param) {
	for element := range strings.SplitSeq(header, ", ") {
		name, rest, _ := strings.Cut(element, "; ")
		if name != Name {
			t.Fatalf("%q in %q", name, header)
		}
		all = append(all, params(rest))
	}
	return all
}

func TestBothEndsAlwaysAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ours, theirs := anyConfig.Draw(t, "client"), anyConfig.Draw(t, "server")
		server, answer, ok := Accept(elements(t, Offer(ours)), theirs)
		if !ok {
			t.Fatalf("declined: %q", Offer(ours))
		}
		client, ok, err := CheckResponse(elements(t, answer), ours)
		if !ok || err != nil {
			t.Fatalf("%q: %v", answer, err)
		}
		for _, way := range []struct{ sender, receiver Context }{{client.Send, server.Receive}, {server.Send, client.Receive}} {
			if way.sender.WindowBits > way.receiver.WindowBits || way.sender.Takeover && !way.receiver.Takeover {
				t.Fatalf("%+v sends to %+v after %q", way.sender, way.receiver, answer)
			}
		}
		if theirs = theirs.withDefaults(); server.Receive.Takeover && server.Receive.WindowBits > theirs.ReceiveWindowBits {
			t.Fatalf("the server must remember %d bits and wants %d", server.Receive.WindowBits, theirs.ReceiveWindowBits)
		}
	})
}
