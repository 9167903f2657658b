package wstest

import "testing"

func TestAnAgreementIsReadAsTheRFCHasIt(t *testing.T) {
	plain := direction{bits: 15}
	for _, c := range []struct {
		offer, answer string
		want          *agreement
	}{
		{"permessage-deflate", "permessage-deflate", &agreement{plain, plain}},
		{"permessage-deflate", "permessage-deflate; server_no_context_takeover", &agreement{plain, direction{true, 15}}},
		{"permessage-deflate", "permessage-deflate; client_no_context_takeover; server_max_window_bits=9", &agreement{direction{true, 15}, direction{bits: 9}}},
		{"permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=10", &agreement{direction{bits: 10}, plain}},
		{"permessage-deflate; x, permessage-deflate", `permessage-deflate; server_max_window_bits="12"`, &agreement{plain, direction{bits: 12}}},
		{"permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=9", &agreement{plain, direction{bits: 9}}},

		{"permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=11", nil},
		{"permessage-deflate; server_max_window_bits=10", "permessage-deflate", nil},
		{"permessage-deflate; server_no_context_takeover", "permessage-deflate", nil},
		{"permessage-deflate", "permessage-deflate; client_max_window_bits=10", nil},
		{"permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=10", nil},
		{"permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits", nil},
		{"permessage-deflate", "permessage-deflate; server_max_window_bits=7", nil},
		{"permessage-deflate", "permessage-deflate; x", nil},
		{"permessage-deflate", "permessage-deflate; server_no_context_takeover; server_no_context_takeover", nil},
		{"permessage-deflate", "permessage-deflate, permessage-deflate", nil},
		{"permessage-deflate", "x-webkit-deflate-frame", nil},
		{"", "permessage-deflate", nil},
	} {
		got, fault := readAgreement(c.offer, []string{c.answer})
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want || (fault == "") != (c.want != nil) {
			t.Errorf("%q answered with %q: got %v, %q", c.offer, c.answer, got, fault)
		}
	}
}

func TestAnOfferIsAnsweredWithWhatItAsksFor(t *testing.T) {
	for _, c := range []struct{ answer, offer, whole string }{
		{"permessage-deflate", "permessage-deflate", "permessage-deflate"},
		{"permessage-deflate", "x; a=1, permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
			"permessage-deflate; server_no_context_takeover; server_max_window_bits=10"},
		{"permessage-deflate; server_max_window_bits=9", "permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=9"},
		{"permessage-deflate; server_max_window_bits=12", "permessage-deflate; server_max_window_bits=10", ""},
		{"permessage-deflate; client_max_window_bits=9", "permessage-deflate", ""},
		{"permessage-deflate", "x", ""},
	} {
		agreed, whole, refusal := answerOffer(c.answer, []string{c.offer})
		if whole != c.whole || (agreed == nil) != (c.whole == "") || (refusal == "") != (c.whole != "") {
			t.Errorf("%q to %q: got %q, %q", c.answer, c.offer, whole, refusal)
		}
	}
}
