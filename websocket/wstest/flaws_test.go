package wstest_test

import (
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/websocket/wstest"
)

// referenceLimit is the limit of the reference endpoints.
const referenceLimit = 1 << 20

func TestTheReferenceServesAsTheRFCsAsk(t *testing.T) {
	server := httptest.NewServer(&reference{maxMessage: referenceLimit})
	t.Cleanup(server.Close)
	wstest.Test(t, wstest.Target{URL: "ws" + server.URL[len("http"):], MaxMessageBytes: referenceLimit})
}

func TestTheReferenceDialsAsTheRFCsAsk(t *testing.T) {
	client := &reference{maxMessage: referenceLimit}
	wstest.TestClient(t, wstest.ClientTarget{Echo: client.echo, MaxMessageBytes: referenceLimit})
}

// flawed is a reference with a flaw, the cases that must fail, and others close by that must not.
type flawed struct {
	name   string
	flaws  flaws
	caught []string
	right  []string
}

var flawedServers = []flawed{
	{"any key is accepted", flaws{acceptsAnyKey: true}, []string{"handshake/no-key", "handshake/key-15-bytes", "handshake/two-keys"}, []string{"handshake/plain"}},
	{"any version is accepted", flaws{acceptsAnyVersion: true}, []string{"handshake/version-8", "handshake/version-14", "handshake/no-version"}, []string{"handshake/no-key"}},
	{"any method is accepted", flaws{acceptsAnyMethod: true}, []string{"handshake/method-post"}, []string{"handshake/http-1-0"}},
	{"the accept key is wrong", flaws{wrongAccept: true}, []string{"handshake/plain", "framing/text-1"}, []string{"handshake/no-key"}},

	{"reserved bits are ignored", flaws{allowsReservedBits: true},
		[]string{"reserved/rsv1-text", "reserved/rsv2-ping", "reserved/rsv123-close", "reserved/rsv3-continuation", "reserved/rsv13-between-messages"}, []string{"opcodes/3-empty"}},
	{"reserved opcodes are ignored", flaws{allowsReservedOpcodes: true}, []string{"opcodes/3-empty", "opcodes/f-payload", "opcodes/b-between"}, []string{"reserved/rsv1-text"}},
	{"frames need not be masked", flaws{allowsUnmasked: true},
		[]string{"masking/text-the-wrong-way", "masking/ping-the-wrong-way", "masking/fragment-the-wrong-way"}, []string{"masking/zero-key"}},
	{"lengths may be written long", flaws{allowsLongForms: true}, []string{"lengths/16-bit-for-125", "lengths/64-bit-for-65535"}, []string{"lengths/top-bit", "framing/text-126"}},
	{"control frames may be long", flaws{allowsLongControl: true}, []string{"pings/ping-too-long-126", "closing/too-long"}, []string{"pings/payload-125"}},
	{"control frames may be fragmented", flaws{allowsFragmentedControl: true}, []string{"fragments/ping-fragmented", "fragments/close-fragmented-inside"}, []string{"fragments/ping-after-each"}},
	{"continuations may come alone", flaws{allowsStrayContinuation: true}, []string{"fragments/end-without-begin", "fragments/more-after-whole"}, []string{"fragments/text-inside-text"}},
	{"a message may begin inside another", flaws{allowsNewMessageInside: true}, []string{"fragments/text-inside-text", "fragments/begin-inside-message"}, []string{"fragments/end-without-begin"}},
	{"a ping forgets the message around it", flaws{forgetsMessageOnPing: true}, []string{"pings/between-fragments", "fragments/ping-after-each"}, []string{"pings/between-messages"}},

	{"text is not checked", flaws{noUTF8: true}, []string{"utf8/invalid-fe", "utf8/invalid-surrogate-first-split", "utf8/cut-1-of-2", "compression/not-utf8"}, []string{"utf8/valid-10ffff"}},
	{"text is checked when it is complete", flaws{slowUTF8: true},
		[]string{"utf8/invalid-lone-80-fast-frame", "utf8/invalid-overlong-nul-2-fast-fragment", "utf8/invalid-above-10ffff-fast-bytewise"}, []string{"utf8/invalid-fe", "utf8/cut-1-of-2-fragments"}},
	{"pings are not answered", flaws{noPong: true}, []string{"pings/payload-0", "pings/ten-in-a-row"}, []string{"framing/text-125"}},
	{"pongs are empty", flaws{emptyPong: true}, []string{"pings/payload-1", "pings/ten-awaited"}, []string{"pings/payload-0"}},
	{"pongs are answered", flaws{answersPongs: true}, []string{"pings/pong-unsolicited", "pings/pong-then-ping"}, []string{"pings/payload-8"}},

	{"close codes are not echoed", flaws{noCloseEcho: true}, []string{"closing/code-1001", "closing/code-4999"}, []string{"closing/at-once", "closing/bad-code-999"}},
	{"any close code is accepted", flaws{anyCloseCode: true}, []string{"closing/bad-code-1005", "closing/bad-code-5000-reason"}, []string{"closing/code-3000"}},
	{"any close reason is accepted", flaws{anyCloseReason: true}, []string{"closing/bad-reason-lone-80", "closing/bad-reason-2-of-3"}, []string{"closing/reason-unicode"}},
	{"violations end without a close frame", flaws{noCloseFrame: true}, []string{"reserved/rsv1-text", "opcodes/3-empty", "utf8/invalid-fe"}, []string{"closing/after-echo"}},
	{"data behind a close frame is echoed", flaws{echoesAfterClose: true}, []string{"closing/text-behind", "closing/second-close"}, nil},
	{"the transport is left open", flaws{keepsTransport: true}, []string{"closing/after-echo", "framing/text-0"}, nil},

	{"its frames are masked", flaws{masks: true}, []string{"framing/text-0", "pings/payload-0"}, []string{"handshake/no-key"}},
	{"its lengths are written long", flaws{longLengths: true}, []string{"framing/text-125", "framing/binary-126"}, nil},
	{"long echoes are cut", flaws{cutsEcho: true}, []string{"framing/text-65536", "framing/binary-65536"}, []string{"framing/text-65535"}},
	{"text comes back as binary", flaws{wrongKind: true}, []string{"framing/text-1", "framing/binary-0"}, []string{"pings/payload-0"}},
	{"there is no limit", flaws{noLimit: true}, []string{"limits/over", "limits/over-fragmented", "limits/over-unfinished"}, []string{"limits/exactly"}},
	{"frames are judged when they are complete", flaws{waitsForFrame: true},
		[]string{"utf8/invalid-fe-fast-frame"}, []string{"utf8/invalid-fe-fast-fragment", "limits/over-unfinished"}},

	{"context is kept that should not be", flaws{keepsContext: true}, []string{"compression/offer-server-no-takeover-repeated"}, []string{"compression/offer-plain-repeated"}},
	{"the window is not kept to", flaws{ignoresWindow: true}, []string{"compression/offer-server-window-9-far", "compression/offer-server-window-8-text"}, []string{"compression/offer-server-window-15-far"}},
	{"RSV1 is ignored everywhere", flaws{allowsRSV1Anywhere: true}, []string{"compression/rsv1-on-continuation", "compression/rsv1-on-ping"}, []string{"compression/rsv2", "reserved/rsv1-text"}},
	{"bad offers are accepted", flaws{acceptsBadOffers: true}, []string{"negotiation/bad-offer-unknown-parameter", "negotiation/bad-offer-server-window-16", "negotiation/bad-offer-client-window-twice"},
		[]string{"compression/offer-plain-text"}},
	{"what can't be inflated is ignored", flaws{silentOnBadDeflate: true}, []string{"compression/bad-block-type", "compression/bad-distance", "compression/cut-stored-block"}, []string{"compression/one-block"}},
	{"what inflates has no limit", flaws{noInflatedLimit: true}, []string{"compression/bomb", "compression/bomb-fragmented"}, []string{"compression/highly-compressible"}},
}

var flawedClients = []flawed{
	{"frames may be masked", flaws{allowsUnmasked: true}, []string{"masking/text-the-wrong-way", "masking/close-the-wrong-way"}, []string{"framing/text-1"}},
	{"its frames are not masked", flaws{masks: true}, []string{"framing/text-1", "closing/at-once"}, []string{"handshake/client-new-key"}},
	{"the key is always the same", flaws{sameKey: true}, []string{"handshake/client-new-key"}, []string{"handshake/client-request"}},
	{"any answer is accepted", flaws{acceptsAnyAnswer: true}, []string{"handshake/client-wrong-accept", "handshake/client-status-200", "handshake/client-subprotocol", "negotiation/bad-answer-unknown-parameter"},
		[]string{"handshake/client-bytewise"}},
	{"text is not checked", flaws{noUTF8: true}, []string{"utf8/invalid-fe", "utf8/cut-1-of-2"}, []string{"utf8/valid-nul"}},
	{"reserved bits are ignored", flaws{allowsReservedBits: true}, []string{"reserved/rsv2-text"}, []string{"framing/text-1"}},
	{"close codes are not echoed", flaws{noCloseEcho: true}, []string{"closing/code-1001"}, []string{"closing/at-once"}},
	{"its offer is a bad one", flaws{offersBadly: true}, []string{"negotiation/client-offer"}, []string{"framing/text-1"}},
	{"bad answers to its offer are accepted", flaws{acceptsBadOffers: true}, []string{"negotiation/bad-answer-unknown-parameter"}, []string{"compression/answer-plain-text"}},
}

// waiting is how long a case that must fail may wait for what does not come.
const waiting = 500 * time.Millisecond

func TestAFlawedServerIsCaught(t *testing.T) {
	for _, f := range flawedServers {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(&reference{flaws: f.flaws, maxMessage: referenceLimit})
			defer server.Close()
			target := wstest.Target{URL: "ws" + server.URL[len("http"):], MaxMessageBytes: referenceLimit}
			f.check(t, func(c wstest.Case, timeout time.Duration) wstest.Result {
				target.Timeout = timeout
				return c.Run(t.Context(), target)
			})
		})
	}
}

func TestAFlawedClientIsCaught(t *testing.T) {
	for _, f := range flawedClients {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			client := &reference{flaws: f.flaws, maxMessage: referenceLimit}
			target := wstest.ClientTarget{Echo: client.echo, MaxMessageBytes: referenceLimit}
			f.check(t, func(c wstest.Case, timeout time.Duration) wstest.Result {
				target.Timeout = timeout
				return c.RunClient(t.Context(), target)
			})
		})
	}
}

// check runs the cases that the flaw concerns.
func (f flawed) check(t *testing.T, run func(wstest.Case, time.Duration) wstest.Result) {
	t.Helper()
	known := 0
	for _, c := range wstest.Cases() {
		switch {
		case slices.Contains(f.caught, c.ID):
			known++
			if r := run(c, waiting); r.Verdict != wstest.Fail || r.Expected == "" || r.Got == "" {
				t.Errorf("%s, but it must fail and say why", r)
			}
		case slices.Contains(f.right, c.ID):
			known++
			if r := run(c, 0); r.Verdict != wstest.Pass {
				t.Errorf("%s, but it must pass", r)
			}
		}
	}
	if known != len(f.caught)+len(f.right) {
		t.Errorf("only %d of the %d cases named exist", known, len(f.caught)+len(f.right))
	}
}

// notOfTheReference are the cases in which it is net/http that refuses, before the reference is asked,
// and the one that its offer must fail by itself.
var notOfTheReference = []string{
	"negotiation/client-offer", "handshake/client-no-http",
	"handshake/no-host", "handshake/two-hosts", "handshake/space-before-colon", "handshake/nul-in-header",
	"handshake/no-http", "handshake/huge-header", "handshake/many-headers",
}

func TestEveryCaseCanFail(t *testing.T) {
	wrong := &reference{maxMessage: referenceLimit, flaws: flaws{masks: true, acceptsAnyRequest: true, acceptsAnyAnswer: true, acceptsBadOffers: true, sameKey: true}}
	server := httptest.NewServer(wrong)
	defer server.Close()
	results := slices.Concat(
		wstest.Run(t.Context(), wstest.Target{
			URL: "ws" + server.URL[len("http"):], MaxMessageBytes: referenceLimit, Timeout: waiting, Subprotocols: []string{"none"},
		}, wstest.Options{}),
		wstest.RunClient(t.Context(), wstest.ClientTarget{Echo: wrong.echo, MaxMessageBytes: referenceLimit, Timeout: waiting}, wstest.Options{}))
	for _, r := range results {
		if r.Verdict == wstest.Pass && !slices.Contains(notOfTheReference, r.Case.ID) {
			t.Errorf("%s, though the endpoint does everything wrongly", r)
		}
	}
}
